// SPDX-License-Identifier: MIT
/// One's own account, and those of others for server admins.

#include "actors/session.hpp"
#include "protocol/codec.hpp"
#include "security/fingerprint.hpp"
#include "telemetry/security_log.hpp"

namespace greenroom::actors {

namespace {

/// As the console calls it.
const char* action_name(net::account_action::what kind) {
  using what = net::account_action::what;
  switch (kind) {
    case what::set_role:
      return "user role";
    case what::deactivate:
      return "user deactivate";
    case what::erase:
      return "user erase";
    case what::reopen:
      return "user reopen";
    case what::export_all:
      return "user export";
    case what::issue_token:
      return "token issue";
    case what::list_tokens:
      return "token list";
    case what::revoke_token:
      return "token revoke";
  }
  return "user";
}

}  // namespace

void session::on(const job_ptr& j, const protocol::session_list_request& r) {
  forward(j, start_.user_id, r, user_sessions{start_.session_id});
}

void session::on(const job_ptr& j, const protocol::update_profile_request& r) {
  forward(j, start_.user_id, r, user_profile{r});
}

void session::on(const job_ptr& j, const protocol::change_password_request& r) {
  forward(j, start_.user_id, r, user_password{start_.session_id, r.old_password, r.new_password});
}

session::job_ptr session::job_of(const http_call_ptr& c) {
  return begin_job(c->request.message_id, [c](protocol::answer_data data, bool duplicate) {
    c->done({c->request.message_id, now_ms(), std::move(data), duplicate});
  });
}

bool session::refuse_unless_admin(const job_ptr& j) const {
  if (acting_role() == protocol::user_role::admin) {
    return false;
  }
  telemetry::note_security({.what = "forbidden",
                            .text = "user " + start_.user_id.str() +
                                    " asked for what only server admins may do, from " +
                                    facts_->address,
                            .address = facts_->address,
                            .user = start_.user_id.str(),
                            .of = start_.user_id.str(),
                            .per_minute = 1});
  finish(j, error{ec::forbidden, "only server admins may do this", {}});
  return true;
}

/// What HTTP offers beside the requests of the protocol. The role was read from the leader of the
/// asker's account just now; the leader of the other account takes this node's word for it.
void session::act_on_account(const http_call_ptr& c) {
  const auto& wanted = *c->account;
  const auto j = job_of(c);
  const auto target = wanted.user.value_or(start_.user_id);
  if (limits_.limited()) {
    finish(j, error{ec::forbidden, "a bot's token does not reach its account", {}});
    return;
  }
  if (wanted.as_admin && refuse_unless_admin(j)) {
    return;
  }
  if (wanted.as_admin && wanted.kind != net::account_action::what::list_tokens) {
    telemetry::audit_entry e;
    e.action = action_name(wanted.kind);
    e.on = "user " + target.str();
    if (wanted.kind == net::account_action::what::set_role) {
      e.details = protocol::to_string(wanted.role);
    } else if (wanted.kind == net::account_action::what::issue_token) {
      e.details = "scopes " + protocol::format_scopes(wanted.token.limits.scopes);
    } else if (wanted.kind == net::account_action::what::revoke_token) {
      e.details = "session " + wanted.token.session_id.str();
    }
    j->answer = audited(std::move(e), std::move(j->answer));
  }
  using what = net::account_action::what;
  using how = chat::close_account::what;
  call_body body;
  switch (wanted.kind) {
    case what::set_role:
      body = user_set_role{wanted.role};
      break;
    case what::deactivate:
      body = user_close{how::deactivate, wanted.as_admin, wanted.password, start_.session_id};
      break;
    case what::erase:
      body = user_close{how::erase, wanted.as_admin, wanted.password, start_.session_id};
      break;
    case what::reopen:
      body = user_close{how::reopen, wanted.as_admin, {}};
      break;
    case what::export_all:
      body = user_export{wanted.as_admin};
      break;
    case what::issue_token:
      body = user_issue{wanted.token.username,      false,
                        wanted.token.limits.scopes, wanted.token.limits.rooms,
                        wanted.token.lifetime_s,    wanted.token.label};
      break;
    case what::list_tokens:
      body = user_sessions{{}, true};
      break;
    case what::revoke_token:
      body = user_logout{wanted.token.session_id, false, true};
      break;
  }
  chat::origin from{start_.user_id, {}, 0, self_.role};
  if (wanted.kind != what::export_all) {
    // Repeatable as any write. What may be asked has no password in it.
    const auto routes = env_->board.routes();
    auto said = "account action " + std::to_string(static_cast<int>(wanted.kind)) + " " +
                target.str() + " " + std::to_string(static_cast<int>(wanted.role));
    if (wanted.kind == what::revoke_token) {
      said += " " + wanted.token.session_id.str();
    }
    from.message_id = j->message_id;
    from.fingerprint =
        routes->map ? security::fingerprint_of(routes->map->fingerprint_key, said) : 0;
  }
  ask(target, env_->board.shard_of(target), from, std::move(body), j->deadline,
      [j](const reply_body& reply) { finish(j, reply); });
}

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
/// One's own account, and those of others for server admins.

#include "actors/session.hpp"

namespace greenroom::actors {

void session::on(const job_ptr& j, const protocol::session_list_request& r) {
  forward(j, start_.user_id, r, user_sessions{start_.session_id});
}

void session::on(const job_ptr& j, const protocol::update_profile_request& r) {
  forward(j, start_.user_id, r, user_profile{r});
}

void session::on(const job_ptr& j, const protocol::change_password_request& r) {
  forward(j, start_.user_id, r, user_password{start_.session_id, r.old_password, r.new_password});
}

/// What HTTP offers beside the requests of the protocol. The role was read from the leader of the
/// asker's account just now; the leader of the other account takes this node's word for it.
void session::act_on_account(const http_call_ptr& c) {
  const auto& wanted = *c->account;
  auto j = std::make_shared<job>();
  j->message_id = c->request.message_id;
  j->answer = [c](protocol::answer_data data, bool duplicate) {
    c->done({c->request.message_id, now_ms(), std::move(data), duplicate});
  };
  j->deadline = clock::now() + std::chrono::milliseconds(env_->config.limits.request_timeout_ms) -
                std::chrono::milliseconds(200);
  jobs_.push_back(j);
  const bool is_admin = self_.role == protocol::user_role::admin;
  if (wanted.as_admin && !is_admin) {
    finish(j, error{ec::forbidden, "only server admins may do this", {}});
    return;
  }
  using what = net::account_action::what;
  using how = chat::close_account::what;
  call_body body;
  switch (wanted.kind) {
    case what::set_role:
      body = user_set_role{wanted.role};
      break;
    case what::deactivate:
      body = user_close{how::deactivate, wanted.as_admin, wanted.password};
      break;
    case what::erase:
      body = user_close{how::erase, wanted.as_admin, wanted.password};
      break;
    case what::reopen:
      body = user_close{how::reopen, wanted.as_admin, {}};
      break;
    case what::export_all:
      body = user_export{wanted.as_admin};
      break;
  }
  const auto target = wanted.user.value_or(start_.user_id);
  chat::origin from{start_.user_id, {}, 0};
  ask(target, env_->board.shard_of(target), from, std::move(body), j->deadline,
      [j](const reply_body& reply) { finish(j, reply); });
}

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
/// What is changed in an account that is there: its sessions, password, profile, role, its end.

#include <algorithm>
#include <utility>

#include "actors/user.hpp"
#include "chat/apply.hpp"
#include "protocol/codec.hpp"
#include "protocol/enum_names.hpp"
#include "telemetry/security_log.hpp"

namespace greenroom::actors {

namespace {

error no_such_user() {
  return {ec::user_not_found, "no such user", {}};
}

error not_yours() {
  return {ec::forbidden, "only one's own account", {}};
}

/// A server admin, as his session has just read, or an operator, who is nobody here.
bool is_by_admin(const asked& a) {
  return a.what->from.user_id.is_nil() || a.what->from.role == chat::user_role::admin;
}

error admins_only() {
  return {ec::forbidden, "only server admins may do this", {}};
}

protocol::session view(const chat::session& s, const uuid& current) {
  protocol::session v{s.id, s.device_id, s.created_at, s.last_used_at, s.address, s.id == current};
  if (s.scopes != 0) {
    v.scopes = protocol::format_scopes(s.scopes);
  }
  if (!s.rooms.empty()) {
    v.rooms = s.rooms;
  }
  return v;
}

}  // namespace

// -- sessions ------------------------------------------------------------------------------------

void user::on(const asked& a, const user_sessions& c) {
  if (!c.by_admin && a.what->from.user_id != id()) {
    answer(a, not_yours());
    return;
  }
  if (c.by_admin && !is_by_admin(a)) {
    answer(a, admins_only());
    return;
  }
  if (c.by_admin && !account()) {
    answer(a, no_such_user());
    return;
  }
  auto sessions = reader().sessions_of(id());
  std::erase_if(sessions, [now = now_ms(), tokens_only = c.by_admin](const chat::session& s) {
    return s.revoked || s.expires_at <= now || (tokens_only && s.scopes == 0);
  });
  std::sort(sessions.begin(), sessions.end(), [](const auto& x, const auto& y) {
    return x.created_at != y.created_at ? x.created_at > y.created_at : x.id < y.id;
  });
  protocol::session_list_response response;
  for (const auto& s : sessions) {
    response.sessions.push_back(view(s, c.session_id));
  }
  answer(a, answered{std::move(response), false});
}

// -- password
// --------------------------------------------------------------------------------------

void user::on(const asked& a, const user_password& c) {
  if (c.by_admin) {
    reset_password(a);
    return;
  }
  if (a.what->from.user_id != id()) {
    answer(a, not_yours());
    return;
  }
  if (may_be_repeat(a)) {
    change_password(a, {}, {});  // the old password is old by now; applying knows the answer
    return;
  }
  const auto self = account();
  if (!self || self->password_hash.empty()) {
    answer(a, error{ec::invalid_credentials, "this account has no password", {}});
    return;
  }
  // Apart from log-ins, whose failures are anybody's, and for each session: whoever guesses does
  // not keep the owner from it.
  verify_for(a, "password by " + c.session_id.str(), c.old_password,
             [this, a, verified = self->password_hash] {
               const auto& wanted = std::get<user_password>(a.what->body);
               const bool taken = submit(hash_job::what::hash, wanted.new_password, {},
                                         [this, a, verified](const hash_done& h) {
                                           if (h.failure) {
                                             answer(a, *h.failure);
                                           } else {
                                             change_password(a, verified, h.hash);
                                           }
                                         });
               if (!taken) {
                 answer(a, unavailable("too many passwords are being hashed").value());
               }
             });
}

void user::change_password(const asked& a, std::string verified_hash, std::string new_hash) {
  chat::change_password command;
  command.from = a.what->from;
  command.from.user_id = id();
  command.session_id = std::get<user_password>(a.what->body).session_id;
  command.verified_hash = std::move(verified_hash);
  command.password_hash = std::move(new_hash);
  propose_for(a, std::move(command), [this, a](const chat::outcome& o, const proposal_result&) {
    telemetry::note_security({.what = "password_changed",
                              .text = "user " + id().str() + ": another password, " +
                                      std::to_string(o.revoked.size()) + " other sessions revoked",
                              .user = id().str(),
                              .is_warning = false});
    answer(a, answered{protocol::ok_response{}, o.duplicate});
  });
}

/// Another one in its place, whatever it was; all sessions end.
void user::reset_password(const asked& a) {
  if (!is_by_admin(a)) {
    answer(a, admins_only());
    return;
  }
  const auto self = account();
  if (!self || self->deactivated) {
    answer(a, no_such_user());
    return;
  }
  if (self->password_hash.empty()) {
    answer(a, error{ec::conflict, "this account has no password: it is used with tokens", {}});
    return;
  }
  const bool taken =
      submit(hash_job::what::hash, std::get<user_password>(a.what->body).new_password, {},
             [this, a, known = self->password_hash](const hash_done& h) {
               if (h.failure) {
                 answer(a, *h.failure);
               } else {
                 change_password(a, known, h.hash);
               }
             });
  if (!taken) {
    answer(a, unavailable("too many passwords are being hashed").value());
  }
}

// -- profile
// ---------------------------------------------------------------------------------------

void user::on(const asked& a, const user_profile& c) {
  const auto self = account();
  if (a.what->from.user_id != id()) {
    answer(a, not_yours());
    return;
  }
  if (!self || self->deactivated) {
    answer(a, no_such_user());
    return;
  }
  const auto& email = c.what.email;
  const bool reserves = email && !email->empty() &&
                        chat::fold_email(*email) != chat::fold_email(self->email) &&
                        !may_be_repeat(a);
  if (!reserves) {
    update_profile(a);
    return;
  }
  const auto address = email_id_of(chat::fold_email(*email));
  ask(address, board().shard_of(address), {}, email_reserve{id()},
      [this, a](const reply_body& body) {
        if (const auto bad = failure_in(body)) {
          answer(a, *bad);
        } else {
          update_profile(a);
        }
      });
}

void user::update_profile(const asked& a) {
  propose_for(a, chat::update_profile{a.what->from, std::get<user_profile>(a.what->body).what},
              [this, a](const chat::outcome& o, const proposal_result&) {
                const auto& changed = std::get<chat::account_changed>(o.answer);
                protocol::user_response response;
                response.user = chat::view(changed.account, true, is_online());
                answer(a, answered{std::move(response), o.duplicate});
              });
}

// -- role, end, export
// -------------------------------------------------------------------------------

void user::on(const asked& a, const user_set_role& c) {
  if (!is_by_admin(a)) {
    answer(a, admins_only());
    return;
  }
  propose_for(
      a, chat::set_user_role{id(), c.role, a.what->from},
      [this, a](const chat::outcome& o, const proposal_result&) {
        const auto& changed = std::get<chat::account_changed>(o.answer);
        telemetry::note_security({.what = "role_changed",
                                  .text = "user " + id().str() + " has the role " +
                                          std::string(protocol::enum_name(changed.account.role)) +
                                          ", said by " + a.what->from.user_id.str(),
                                  .user = id().str(),
                                  .is_warning = false});
        if (!o.duplicate) {
          user_notice n;
          n.kind = user_notice::what::role_changed;
          notify(n);
        }
        protocol::user_response response;
        response.user = chat::view(changed.account, false, is_online());
        answer(a, answered{std::move(response), o.duplicate});
      });
}

void user::on(const asked& a, const user_close& c) {
  if (c.by_admin && !is_by_admin(a)) {
    answer(a, admins_only());
  } else if (!account()) {
    answer(a, no_such_user());
  } else if (c.by_admin) {
    close(a);
  } else if (a.what->from.user_id != id() || c.how == chat::close_account::what::reopen) {
    answer(a, not_yours());
  } else {
    verify_for(a, "close by " + c.session_id.str(), c.password, [this, a] { close(a); });
  }
}

void user::close(const asked& a) {
  const auto how = std::get<user_close>(a.what->body).how;
  propose_for(
      a, chat::close_account{a.what->from, id(), how, true},
      [this, a, how](const chat::outcome& o, const proposal_result&) {
        using what = chat::close_account::what;
        const auto* done = how == what::erase        ? "erased"
                           : how == what::deactivate ? "deactivated"
                                                     : "reopened";
        telemetry::note_security({.what = "account_changed",
                                  .text = "user " + id().str() + " is " + done + ", said by " +
                                          a.what->from.user_id.str() + "; " +
                                          std::to_string(o.revoked.size()) + " sessions revoked",
                                  .user = id().str(),
                                  .is_warning = false});
        protocol::user_response response;
        response.user = chat::view(std::get<chat::account_changed>(o.answer).account, false, false);
        answer(a, answered{std::move(response), o.duplicate});
      });
}

void user::on(const asked& a, const user_export& c) {
  const auto self = account();
  if (c.by_admin && !is_by_admin(a)) {
    answer(a, admins_only());
    return;
  }
  if (!self) {
    answer(a, no_such_user());
    return;
  }
  if (!c.by_admin && a.what->from.user_id != id()) {
    answer(a, not_yours());
    return;
  }
  using nlohmann::json;
  const auto as_json = [](protocol::answer_data data) {
    return protocol::answer_to_json(data, false);
  };
  protocol::session_list_response sessions;
  for (const auto& s : reader().sessions_of(id())) {
    sessions.sessions.push_back(view(s, {}));
  }
  json rooms = json::array();
  for (const auto& line : reader().rooms_of(id())) {
    const auto* standing = line.state == chat::user_room::standing::joined    ? "joined"
                           : line.state == chat::user_room::standing::invited ? "invited"
                                                                              : "left";
    rooms.push_back({{"room_id", line.room_id.str()}, {"standing", standing}});
  }
  protocol::export_response response;
  response.account = {
      {"user", as_json(protocol::user_response{chat::view(*self, true, is_online())})["user"]},
      {"deactivated", self->deactivated},
      {"sessions", as_json(std::move(sessions))["sessions"]},
      {"rooms", std::move(rooms)}};
  // Clients know an account by what the protocol names; consoles ask through their node.
  if (a.what->from.user_id.is_nil()) {
    response.account["has_password"] = !self->password_hash.empty();
  }
  answer(a, answered{std::move(response), false});
}

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
/// How somebody gets in: by password, by refresh token, by an operator's word.

#include <utility>

#include "actors/user.hpp"
#include "chat/apply.hpp"
#include "placement/cluster_map.hpp"

namespace greenroom::actors {

namespace {

error wrong_credentials() {
  return {ec::invalid_credentials, "wrong user name or password", {}};
}

error token_not_valid() {
  return {ec::unauthorized, "this token is not valid any more", {}};
}

}  // namespace

void user::on(const asked& a, const user_login& c) {
  if (c.refresh_token.empty()) {
    log_in(a, c);
  } else {
    refresh(a, c);
  }
}

void user::log_in(const asked& a, const user_login& c) {
  const auto self = account();
  const bool exists = self && !self->deactivated;
  const bool taken =
      submit(hash_job::what::verify, c.password, exists ? self->password_hash : std::string(),
             [this, e = entry{a, c.device_id, c.address}](const hash_done& h) {
               if (h.failure) {
                 answer(e.from, *h.failure);
               } else if (!h.verified) {
                 answer(e.from, wrong_credentials());
               } else {
                 open_session(e, true);
               }
             });
  if (!taken) {
    answer(a, unavailable("too many passwords are being hashed").value());
  }
}

void user::refresh(const asked& a, const user_login& c) {
  const auto presented = security::parse_refresh_token(c.refresh_token);
  if (!presented || presented->user_id != id()) {
    answer(a, token_not_valid());
    return;
  }
  // Garbage is refused before it gets into the log; what was once valid is for the rules to judge.
  const auto known = reader().find_session(id(), presented->session_id);
  if (!known || (!security::same_secret(presented->hash, known->refresh_hash) &&
                 !security::same_secret(presented->hash, known->previous_refresh_hash))) {
    answer(a, token_not_valid());
    return;
  }
  const auto successor = security::make_refresh_token(id(), known->id);
  chat::rotate_session command;
  command.user_id = id();
  command.session_id = known->id;
  command.presented = presented->hash;
  command.successor = successor.hash;
  command.message_id = a.what->from.message_id;
  command.expires_at = now_ms() + unix_ms{config().auth.refresh_token_s} * 1000;
  propose_for(a, std::move(command),
              [this, a, text = successor.text](const chat::outcome& o, const proposal_result&) {
                answer(a, opened(std::get<chat::session_granted>(o.answer), text, o.duplicate));
              });
}

/// For bots and load tests: no password, no refresh token.
void user::on(const asked& a, const user_issue& c) {
  if (user_id_of(c.username) != id()) {
    answer(a, invalid_field("username", "this name belongs to another id").value());
    return;
  }
  const auto self = account();
  if (self && !self->deactivated) {
    open_session({a, "issued", ""}, false);
    return;
  }
  if (self || !c.create) {
    answer(a, error{ec::user_not_found, "no such user", {}});
    return;
  }
  chat::register_user command;
  command.from.user_id = id();
  command.account.id = id();
  command.account.username = c.username;
  const auto session_id = ids_(now_ms());
  command.first_session =
      new_session({a, "issued", ""}, security::make_refresh_token(id(), session_id), session_id);
  propose_for(a, std::move(command), [this, a](const chat::outcome& o, const proposal_result&) {
    answer(a, opened(std::get<chat::session_granted>(o.answer), {}, false));
  });
}

// -- sessions ----------------------------------------------------------------------------------

void user::open_session(const entry& e, bool with_refresh_token) {
  const auto session_id = ids_(now_ms());
  const auto token = security::make_refresh_token(id(), session_id);
  propose_for(e.from, chat::open_session{new_session(e, token, session_id)},
              [this, a = e.from, text = with_refresh_token ? token.text : std::string()](
                  const chat::outcome& o, const proposal_result&) {
                answer(a, opened(std::get<chat::session_granted>(o.answer), text, false));
              });
}

chat::session user::new_session(const entry& e, const security::refresh_token& token,
                                const uuid& session_id) const {
  chat::session s;
  s.id = session_id;
  s.user_id = id();
  s.device_id = e.device_id;
  s.address = e.address;
  s.refresh_hash = token.hash;
  s.expires_at = now_ms() + unix_ms{config().auth.refresh_token_s} * 1000;
  return s;
}

/// The one place where tokens are made.
reply_body user::opened(const chat::session_granted& granted, std::string refresh_token,
                        bool duplicate) const {
  const auto routes = board().routes();
  const auto* key = routes->map ? placement::current_key(*routes->map) : nullptr;
  if (key == nullptr) {
    return unavailable("this node does not know the cluster's keys yet").value();
  }
  security::access_claims claims;
  claims.user_id = id();
  claims.session_id = granted.granted.id;
  // Tokens count in seconds; the answer says what the token says.
  claims.issued_at = now_ms() / 1000 * 1000;
  claims.expires_at = claims.issued_at + unix_ms{config().auth.access_token_s} * 1000;
  session_opened reply;
  reply.duplicate = duplicate;
  reply.response.token = security::issue_access_token({key->id, key->secret}, claims);
  reply.response.refresh_token = std::move(refresh_token);
  reply.response.expires_at = claims.expires_at;
  reply.response.session_id = granted.granted.id;
  reply.response.user = chat::view(granted.account, true, is_online());
  return reply;
}

}  // namespace greenroom::actors

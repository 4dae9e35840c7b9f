// SPDX-License-Identifier: MIT
/// How somebody gets in: by password, by refresh token, by an operator's word.

#include <algorithm>
#include <iterator>
#include <utility>

#include "actors/user.hpp"
#include "chat/apply.hpp"
#include "placement/key_plan.hpp"
#include "protocol/rate_refusal.hpp"
#include "telemetry/request_scope.hpp"
#include "telemetry/security_log.hpp"

namespace greenroom::actors {

namespace {

error wrong_credentials() {
  return {ec::invalid_credentials, "wrong user name or password", {}};
}

/// Attempts of one account that wait for others to end.
constexpr std::size_t attempts_max = 256;

/// Empty: a session of his.
std::string address_of(const asked& a) {
  const auto* login = std::get_if<user_login>(&a.what->body);
  return login != nullptr ? login->address : "";
}

std::string from_where(const asked& a) {
  const auto address = address_of(a);
  return " from " + (address.empty() ? "a session of his" : address);
}

error token_not_valid() {
  return {ec::unauthorized, "this token is not valid any more", {}};
}

void warn_of_reuse(const uuid& user, const uuid& session, const std::string& address) {
  telemetry::note_security({.what = "refresh_reused",
                            .text = "a refresh token of user " + user.str() +
                                    " was used twice: session " + session.str() + " is revoked",
                            .address = address,
                            .user = user.str()});
}

void note_wrong_password(const uuid& user, const asked& a) {
  // Programs that block addresses count lines. No account and no address can fail often for long.
  constexpr unsigned lines_per_minute = 60;
  telemetry::note_security({.what = "login_failed",
                            .text = "wrong password for user " + user.str() + from_where(a),
                            .address = address_of(a),
                            .user = user.str(),
                            .per_minute = lines_per_minute});
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
  verify(a, c.password, c.address,
         [this, e = entry{a, c.device_id, c.address}] { open_session(e, true); });
}

// -- how often somebody may be wrong -----------------------------------------------------------

void user::verify(const asked& a, const std::string& password, const std::string& address,
                  std::function<void()> then) {
  // Whoever guesses elsewhere does not keep the owner out.
  const auto sessions = reader().sessions_of(id());
  const bool is_known_here =
      !address.empty() && std::any_of(sessions.begin(), sessions.end(), [&](const auto& s) {
        return !s.revoked && s.address == address;
      });
  verify_for(a, is_known_here ? address : std::string(), password, std::move(then));
}

void user::verify_for(const asked& a, std::string purpose, const std::string& password,
                      std::function<void()> then) {
  if (attempts_.size() >= attempts_max) {
    answer(a, unavailable("too many log-ins at once").value());
    return;
  }
  attempts_.push_back({a, std::move(purpose), password, std::move(then)});
  next_attempts();
}

void user::next_attempts() {
  std::list<attempt> waiting;
  for (auto& next : std::exchange(attempts_, {})) {
    const auto now = clock::now();
    const auto verdict = guard_.begin(next.key, now);
    if (verdict.wait) {
      waiting.push_back(std::move(next));  // those under way may all be right
      continue;
    }
    if (verdict.refused_ms) {
      const telemetry::request_scope scope(next.from.what->from.message_id);
      telemetry::note_security({.what = "rate_limited",
                                .text = "log-in of user " + id().str() + from_where(next.from) +
                                        " refused: too many wrong passwords",
                                .address = address_of(next.from),
                                .user = id().str(),
                                .of = id().str() + from_where(next.from),
                                .per_minute = 1});
      answer(next.from, rate_refusal("too many wrong passwords", "auth.failed_logins_per_minute",
                                     verdict.refused_ms));
      continue;
    }
    const auto self = account();
    const bool exists = self && !self->deactivated;
    const bool taken =
        submit(hash_job::what::verify, next.password, exists ? self->password_hash : std::string(),
               [this, a = next.from, key = next.key, then = next.then](const hash_done& h) {
                 const telemetry::request_scope scope(a.what->from.message_id);
                 const bool wrong = !h.failure && !h.verified;
                 guard_.end(key, wrong, clock::now());
                 if (h.failure) {
                   answer(a, *h.failure);
                 } else if (wrong) {
                   note_wrong_password(id(), a);
                   answer(a, wrong_credentials());
                 } else {
                   then();
                 }
                 next_attempts();
               });
    if (!taken) {
      guard_.end(next.key, false, now);
      answer(next.from, unavailable("too many passwords are being hashed").value());
    }
  }
  attempts_.splice(attempts_.begin(), waiting);
  if (const auto at = guard_.forgotten_at(clock::now()); at != clock::time_point::max()) {
    wake_at(at);
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
  if (!known) {
    answer(a, token_not_valid());
    return;
  }
  if (!security::same_secret(presented->hash, known->refresh_hash) &&
      !security::same_secret(presented->hash, known->previous_refresh_hash)) {
    if (was_spent_long_ago(*presented, *known)) {
      revoke_for_reuse(a, known->id);
    } else {
      answer(a, token_not_valid());
    }
    return;
  }
  const auto successor = new_refresh_token(
      known->id, presented->generation ? *presented->generation + 1 : first_generation);
  chat::rotate_session command;
  command.user_id = id();
  command.session_id = known->id;
  command.presented = presented->hash;
  command.successor = successor.hash;
  command.message_id = a.what->from.message_id;
  command.expires_at = now_ms() + unix_ms{config().auth.refresh_token_s} * 1000;
  propose(std::move(command), [this, a, text = successor.text](const proposal_result& r) {
    const telemetry::request_scope scope(a.what->from.message_id);
    if (r.failure) {
      answer(a, *r.failure);
    } else if (const auto* bad = std::get_if<error>(&r.outcome->answer)) {
      if (!r.outcome->revoked.empty()) {
        warn_of_reuse(id(), r.outcome->revoked.front(), address_of(a));
      }
      answer(a, *bad);
    } else {
      answer(a, opened(std::get<chat::session_granted>(r.outcome->answer), text,
                       r.outcome->duplicate));
    }
  });
}

/// The token before the present one is known by its hash, and judged by the rules. Of those before
/// it nothing is kept but their places in the chain, which the cluster's seal vouches for.
bool user::was_spent_long_ago(const security::refresh_token& token,
                              const chat::session& session) const {
  const auto routes = board().routes();
  return token.generation && routes->map &&
         std::uint64_t{*token.generation} + 1 < security::generation_in(session.refresh_hash) &&
         security::is_genuine(token, routes->map->fingerprint_key);
}

/// Two hold tokens of one session, and one of them is a thief.
void user::revoke_for_reuse(const asked& a, const uuid& session_id) {
  chat::revoke_sessions command;
  command.from.user_id = id();
  command.session_id = session_id;
  propose(std::move(command), [this, a, session_id](const proposal_result& r) {
    const telemetry::request_scope scope(a.what->from.message_id);
    if (r.failure) {
      answer(a, *r.failure);
      return;
    }
    if (!r.outcome->revoked.empty()) {
      warn_of_reuse(id(), session_id, address_of(a));
    }
    answer(a, token_not_valid());
  });
}

security::refresh_token user::new_refresh_token(const uuid& session_id,
                                                std::uint32_t generation) const {
  const auto routes = board().routes();
  // A node without the cluster's keys gives out no tokens: see opened().
  return routes->map ? security::make_refresh_token(id(), session_id, routes->map->fingerprint_key,
                                                    generation)
                     : security::make_refresh_token(id(), session_id);
}

/// For bots and load tests: no password, no refresh token.
void user::on(const asked& a, const user_issue& c) {
  // Operators are nobody here.
  if (!a.what->from.user_id.is_nil() && a.what->from.role != chat::user_role::admin) {
    answer(a, error{ec::forbidden, "only server admins may do this", {}});
    return;
  }
  if (user_id_of(c.username) != id()) {
    answer(a, invalid_field("username", "this name belongs to another id").value());
    return;
  }
  const auto self = account();
  if (self && !self->deactivated) {
    if (c.scopes != 0) {
      issue_bot_token(a, c);
    } else {
      open_session({a, "issued", ""}, false);
    }
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
  if (c.scopes != 0) {
    command.account.role = chat::user_role::bot;
    command.first_session = bot_session(a, c);
  } else {
    const auto session_id = ids_(now_ms());
    command.first_session =
        new_session({a, "issued", ""}, security::make_refresh_token(id(), session_id), session_id);
  }
  propose_for(a, std::move(command), [this, a](const chat::outcome& o, const proposal_result&) {
    answer(a, opened(std::get<chat::session_granted>(o.answer), {}, false));
  });
}

// -- sessions ----------------------------------------------------------------------------------

void user::open_session(const entry& e, bool with_refresh_token) {
  const auto session_id = ids_(now_ms());
  const auto token = new_refresh_token(session_id, first_generation);
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
  const auto* key = routes->map ? placement::signing_key_at(*routes->map, now_ms()) : nullptr;
  if (key == nullptr) {
    return unavailable("this node does not know the cluster's keys yet").value();
  }
  security::access_claims claims;
  claims.user_id = id();
  claims.session_id = granted.granted.id;
  // Tokens count in seconds; the answer says what the token says.
  claims.issued_at = now_ms() / 1000 * 1000;
  claims.expires_at = claims.issued_at + unix_ms{config().auth.access_token_s} * 1000;
  claims.scopes = granted.granted.scopes;
  if (claims.scopes != 0) {
    claims.expires_at = granted.granted.expires_at / 1000 * 1000;
  }
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

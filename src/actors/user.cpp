// SPDX-License-Identifier: MIT
#include "actors/user.hpp"

#include <algorithm>
#include <utility>

#include "chat/apply.hpp"
#include "config/live.hpp"
#include "telemetry/security_log.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

/// What is kept of a user who is not there is quickly read again.
constexpr auto idle_limit_max = 60s;
/// Nothing is known of an id that somebody only tried.
constexpr auto idle_without_account = 2s;
constexpr unix_ms touch_every_ms = 60'000;

}  // namespace

user::user(caf::actor_config& cfg, const uuid& id, entity_place place)
    : entity(cfg, actor_kind::user, id, std::move(place)),
      guard_(config().auth.failed_logins_per_minute) {}

void user::take(const asked& a) {
  std::visit([&](const auto& body) { on(a, body); }, a.what->body);
}

/// What became of anything that was decided about this user, whoever asked for it.
void user::applied(const proposal_result& r) {
  for (const auto& session : r.outcome->revoked) {
    user_notice n;
    n.kind = user_notice::what::session_revoked;
    n.session_id = session;
    notify(n);
  }
  if (const auto& line = r.outcome->list_change) {
    using standing = chat::user_room::standing;
    user_notice n;
    n.room_id = line->room_id;
    n.entry_seq = line->entry_seq;
    n.partner = line->partner;
    switch (line->state) {
      case standing::joined:
        n.kind = user_notice::what::room_joined;
        break;
      case standing::left:
        // Who was a member has heard it in the room's stream.
        n.kind = r.outcome->list_before == standing::invited ? user_notice::what::invitation
                                                             : user_notice::what::room_left;
        break;
      case standing::invited:
        n.kind = user_notice::what::invitation;
        break;
    }
    notify(n);
  }
}

std::optional<chat::user> user::account() const {
  auto found = reader().find_user(id());
  has_account_ = has_account_ || found.has_value();
  return found;
}

bool user::is_online() const {
  return place().online->is_online(id());
}

void user::notify(const user_notice& n) const {
  auto told = std::make_shared<user_notice>(n);
  told->user_id = id();
  const user_notice_ptr shared = std::move(told);
  for (const auto& node : place().online->nodes_of(id())) {
    board().notify(node, shared);
  }
}

// -- sessions ----------------------------------------------------------------------------------

expected<user::entered> user::enter(const uuid& session_id) {
  auto session = reader().find_session(id(), session_id);
  auto self = account();
  if (!session || session->revoked || session->expires_at <= now_ms() || !self ||
      self->deactivated) {
    return fail(ec::unauthorized, "this session is not valid any more");
  }
  touch(*session);
  return entered{std::move(*self), std::move(*session)};
}

void user::touch(const chat::session& used) {
  if (now_ms() - used.last_used_at < touch_every_ms || !touching_.insert(used.id).second) {
    return;
  }
  propose(chat::touch_session{id(), used.id},
          [this, session = used.id](const proposal_result&) { touching_.erase(session); });
}

void user::on(const asked& a, const user_attach& c) {
  const auto in = enter(c.session_id);
  if (!in) {
    answer(a, in.error());
    return;
  }
  tell_watchers(place().online->attach(id(), c, clock::now()), in->self.last_seen);
  user_attached reply;
  const auto standing = place().online->look(id());
  reply.status_at = standing.status_at;
  if (standing.is_online) {
    reply.status = standing.status;
  }
  // Read after the node was entered: what is not in it yet will be told.
  reply.rooms = rooms(chat::user_room::standing::joined);
  reply.rooms_version = in->self.rooms_version;
  reply.device_id = in->session.device_id;
  reply.limits = {in->session.scopes, in->session.rooms};
  reply.self = chat::view(in->self, true, true);
  answer(a, std::move(reply));
}

void user::on(const asked& a, const user_detach& c) {
  if (const auto now = place().online->detach(id(), c.node, c.order, clock::now())) {
    const auto at = now_ms();
    tell_watchers(now, at);
    propose(chat::set_last_seen{id(), at}, [](const proposal_result&) {});
  }
  answer(a, actors::done{});
}

void user::on(const asked& a, const user_set_presence& c) {
  const auto known = place().online->look(id());
  if (!known.is_online) {
    // A leader that has just begun hears one by one who is there. Whoever asks asks again.
    answer(a, unavailable("the connection is not known here yet").value());
    return;
  }
  // What he said last counts, also within a millisecond and when the clock was put back.
  const auto at = std::max(now_ms(), known.status_at + 1);
  const auto self = account();
  tell_watchers(place().online->set_status(id(), c.status, at), self ? self->last_seen : 0);
  // Every session knows, so that a new leader hears it from any of them.
  user_notice n;
  n.kind = user_notice::what::status_set;
  n.status = c.status;
  n.status_at = at;
  notify(n);
  answer(a, actors::done{});
}

/// Each node with somebody who watches hears it once.
void user::tell_watchers(const std::optional<online_users::standing>& now, unix_ms last_seen) {
  if (!now) {
    return;
  }
  auto news = std::make_shared<presence_publish>();
  news->views.push_back(view_of(id(), *now, last_seen));
  const presence_publish_ptr shared = std::move(news);
  for (const auto& node : place().online->watchers_of(id())) {
    board().tell_presence(node, shared);
  }
}

void user::on(const asked& a, const user_check& c) {
  const auto in = enter(c.session_id);
  if (!in) {
    answer(a, in.error());
    return;
  }
  user_attached reply;
  reply.rooms_version = in->self.rooms_version;
  reply.device_id = in->session.device_id;
  reply.limits = {in->session.scopes, in->session.rooms};
  reply.self = chat::view(in->self, true, is_online());
  answer(a, std::move(reply));
}

void user::on(const asked& a, const user_logout& c) {
  const auto& by = a.what->from;
  const bool own = by.user_id == id();
  // Operators are nobody here.
  if (!own && !by.user_id.is_nil() && by.role != chat::user_role::admin) {
    answer(a, error{ec::forbidden, "only one's own sessions", {}});
    return;
  }
  // Whoever is not himself ends tokens and nothing else. What a session is never changes; one that
  // is gone may be a repeat's, which the rule knows.
  if (!own || c.token_only) {
    const auto known =
        c.session_id ? reader().find_session(id(), *c.session_id) : std::optional<chat::session>{};
    if (c.all || !c.session_id || (known && known->scopes == 0)) {
      answer(a, invalid_field("session_id", "no token of this account has this id").value());
      return;
    }
  }
  chat::revoke_sessions command;
  command.from = a.what->from;
  command.from.user_id = id();
  if (!c.all) {
    command.session_id = c.session_id;
  }
  propose_for(
      a, std::move(command), [this, a, own](const chat::outcome& o, const proposal_result&) {
        if (o.duplicate) {
          // Whose sessions ended has been told and logged the first time.
          answer(a, answered{protocol::ok_response{}, true});
          return;
        }
        telemetry::note_security({.what = "sessions_revoked",
                                  .text = "user " + id().str() + ": " +
                                          std::to_string(o.revoked.size()) +
                                          " sessions revoked by " + (own ? "himself" : "an admin"),
                                  .user = id().str(),
                                  .is_warning = false});
        answer(a, logged_out{o.revoked});
      });
}

// -- the record --------------------------------------------------------------------------------

void user::on(const asked& a, const user_get& /*c*/) {
  const auto self = account();
  if (!self) {
    answer(a, error{ec::user_not_found, "no such user", {}});
    return;
  }
  protocol::user_response response;
  response.user = chat::view(*self, a.what->from.user_id == id(), is_online());
  answer(a, answered{std::move(response), false});
}

// -- time --------------------------------------------------------------------------------------

user::clock::time_point user::due(clock::time_point now) {
  next_attempts();
  return guard_.forgotten_at(now);
}

bool user::is_needed() const {
  // Who has guessed wrong is remembered, also for a name that nobody has.
  return registering_ || is_online() || !attempts_.empty() || guard_.remembers(clock::now());
}

std::chrono::milliseconds user::idle_limit() const {
  const auto idle = std::min<std::chrono::seconds>(
      std::chrono::seconds(config::current(config()).rooms.idle_park_s), idle_limit_max);
  return has_account_ || account() ? idle : idle_without_account;
}

}  // namespace greenroom::actors

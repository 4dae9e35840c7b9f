// SPDX-License-Identifier: MIT
#include "actors/user.hpp"

#include <algorithm>
#include <utility>

#include "chat/apply.hpp"

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
    : entity(cfg, actor_kind::user, id, std::move(place)) {}

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
    user_notice n;
    n.room_id = line->room_id;
    n.entry_seq = line->entry_seq;
    switch (line->state) {
      case chat::user_room::standing::joined:
        n.kind = user_notice::what::room_joined;
        break;
      case chat::user_room::standing::left:
        n.kind = user_notice::what::room_left;
        break;
      case chat::user_room::standing::invited:
        return;
    }
    notify(n);
  }
}

std::optional<chat::user> user::account() const {
  return reader().find_user(id());
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

expected<chat::user> user::enter(const uuid& session_id) {
  const auto session = reader().find_session(id(), session_id);
  auto self = account();
  if (!session || session->revoked || session->expires_at <= now_ms() || !self ||
      self->deactivated) {
    return fail(ec::unauthorized, "this session is not valid any more");
  }
  touch(*session);
  return std::move(*self);
}

void user::touch(const chat::session& used) {
  if (now_ms() - used.last_used_at < touch_every_ms || !touching_.insert(used.id).second) {
    return;
  }
  propose(chat::touch_session{id(), used.id},
          [this, session = used.id](const proposal_result&) { touching_.erase(session); });
}

void user::on(const asked& a, const user_attach& c) {
  const auto self = enter(c.session_id);
  if (!self) {
    answer(a, self.error());
    return;
  }
  place().online->attach(id(), c.node, clock::now());
  user_attached reply;
  // Read after the node was entered: what is not in it yet will be told.
  reply.rooms = joined_rooms();
  reply.rooms_version = self->rooms_version;
  reply.self = chat::view(*self, true, true);
  answer(a, std::move(reply));
}

void user::on(const asked& a, const user_detach& c) {
  // A session that has just begun there may have been faster than the end of the last one.
  const bool still_there = c.node == board().self() && !board().sessions_of(id()).empty();
  if (!still_there && place().online->detach(id(), c.node)) {
    propose(chat::set_last_seen{id(), now_ms()}, [](const proposal_result&) {});
  }
  answer(a, actors::done{});
}

void user::on(const asked& a, const user_check& c) {
  const auto self = enter(c.session_id);
  if (!self) {
    answer(a, self.error());
    return;
  }
  user_attached reply;
  reply.rooms_version = self->rooms_version;
  reply.self = chat::view(*self, true, is_online());
  answer(a, std::move(reply));
}

void user::on(const asked& a, const user_logout& c) {
  chat::revoke_sessions command;
  command.from = a.what->from;
  command.from.user_id = id();
  if (!c.all) {
    command.session_id = c.session_id;
  }
  propose_for(a, std::move(command), [this, a](const chat::outcome& o, const proposal_result&) {
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

user::clock::time_point user::due(clock::time_point /*now*/) {
  return clock::time_point::max();
}

bool user::is_needed() const {
  return registering_ || is_online();
}

std::chrono::milliseconds user::idle_limit() const {
  const auto idle = std::min<std::chrono::seconds>(std::chrono::seconds(config().rooms.idle_park_s),
                                                   idle_limit_max);
  return account() ? idle : idle_without_account;
}

}  // namespace greenroom::actors

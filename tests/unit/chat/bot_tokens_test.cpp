// SPDX-License-Identifier: MIT
#include <set>

#include "unit/chat/world.hpp"

namespace greenroom::chat::test {

namespace {

const uuid robot = user_id_of("robot");

/// The account of a bot, with one session.
world with_robot() {
  world w;
  w.run(w.registration("robot", 1, "", 10));
  w.run(set_user_role{robot, user_role::bot});
  return w;
}

open_session token(world& w, std::uint64_t id, std::vector<uuid> rooms = {}) {
  auto s = w.session_of("robot", id, 20);
  s.scopes = protocol::bit_of(protocol::scope::read);
  s.rooms = std::move(rooms);
  return {s};
}

}  // namespace

TEST_CASE("only bots have tokens with scopes", "[chat][bots]") {
  auto w = with_robot();
  const auto granted = as<session_granted>(w.run(token(w, 2, {id(7)})));
  CHECK(granted.granted.scopes == protocol::bit_of(protocol::scope::read));
  CHECK(w.s.find_session(robot, id(2))->rooms == std::vector{id(7)});
  w.run(set_user_role{robot, user_role::admin});
  CHECK(refused(w.run(token(w, 3))) == ec::conflict);
}

TEST_CASE("a token has scopes that there are, and not too many rooms", "[chat][bots]") {
  auto w = with_robot();
  auto strange = token(w, 2);
  strange.opened.scopes = 0x80;
  CHECK(refused(w.run(strange)) == ec::invalid_message);
  const std::vector<uuid> rooms(protocol::token_rooms_max + 1, id(1));
  const auto o = w.run(token(w, 2, rooms));
  CHECK(refused(o) == ec::too_large);
  CHECK(as<error>(o).details.limit == static_cast<std::int64_t>(protocol::token_rooms_max));
}

TEST_CASE("tokens are bounded, and log-ins do not push them out", "[chat][bots]") {
  auto w = with_robot();
  for (std::uint64_t i = 0; i < tokens_per_bot_max; ++i)
    as<session_granted>(w.run(token(w, 100 + i)));
  CHECK(refused(w.run(token(w, 99))) == ec::too_large);
  w.now += minute;
  for (std::uint64_t i = 0; i < sessions_per_user_max + 5; ++i) {
    w.now += 1;
    w.run(open_session{w.session_of("robot", 1000 + i, 20)});
  }
  for (std::uint64_t i = 0; i < tokens_per_bot_max; ++i)
    CHECK_FALSE(w.s.find_session(robot, id(100 + i))->revoked);
  // One that is revoked makes room for another.
  w.run(revoke_sessions{w.from("robot"), id(100)});
  as<session_granted>(w.run(token(w, 99)));
  CHECK_FALSE(w.s.find_session(robot, id(100)));
}

TEST_CASE("tokens end when the account is no bot any more", "[chat][bots]") {
  auto w = with_robot();
  w.run(token(w, 2));
  w.run(token(w, 3));
  w.run(open_session{w.session_of("robot", 4, 20)});
  // The same role again changes nothing.
  CHECK(w.run(set_user_role{robot, user_role::bot}).revoked.empty());
  const auto o = w.run(set_user_role{robot, user_role::user});
  CHECK(std::set<uuid>(o.revoked.begin(), o.revoked.end()) == std::set<uuid>{id(2), id(3)});
  CHECK(w.s.find_session(robot, id(2))->revoked);
  CHECK(w.s.find_session(robot, id(3))->revoked);
  CHECK_FALSE(w.s.find_session(robot, id(4))->revoked);
}

}  // namespace greenroom::chat::test

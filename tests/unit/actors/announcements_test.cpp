// SPDX-License-Identifier: MIT
#include "actors/announcements.hpp"

#include "unit/actors/leader_world.hpp"

using namespace greenroom;
using namespace greenroom::actors;
using namespace greenroom::actors::test;

TEST_CASE("where an announcement is said follows from its target") {
  const auto in_lobby = announcement_of("room", "Lobby", "x");
  REQUIRE(in_lobby);
  CHECK(in_lobby->room_id == room_id_of_alias("lobby"));
  CHECK_FALSE(in_lobby->body.of_server);
  const auto id = fresh_id();
  CHECK(announcement_of("room", id.str(), "x")->room_id == id);
  const auto to_alice = announcement_of("user", "alice", "x");
  REQUIRE(to_alice);
  CHECK(to_alice->body.user_id == user_id_of("alice"));
  CHECK(to_alice->room_id == announcements_id_of(user_id_of("alice")));
  CHECK(to_alice->body.of_server);
  const auto to_all = announcement_of("everybody", "", "x");
  REQUIRE(to_all);
  CHECK(to_all->room_id == announcements_id_of({}));
  CHECK(to_all->body.user_id.is_nil());
  CHECK(to_all->room_id != to_alice->room_id);
}

TEST_CASE("an announcement that cannot be says which field is why") {
  const auto field = [](std::string_view target, const char* called, std::string content) {
    return announcement_of(target, called, std::move(content)).error().details.field;
  };
  CHECK(field("all", "", "x") == "target");
  CHECK(field("everybody", "lobby", "x") == "id");
  CHECK(field("room", "", "x") == "id");
  CHECK(field("user", "a b", "x") == "id");
  CHECK(field("user", "00000000-0000-0000-0000-000000000000", "x") == "id");
  CHECK(field("room", "lobby", "") == "content");
  const auto long_one = announcement_of("room", "lobby", std::string(16 * 1024 + 1, 'x'));
  CHECK(long_one.error().code == ec::too_large);
  CHECK(long_one.error().details.limit == 16 * 1024);
}

TEST_CASE("a user who does not exist has no room for announcements") {
  leader_world w;
  const auto alice = w.user("alice");
  const auto wrong = *announcement_of("user", "nobody", "x");
  CHECK(code_of(w.ask(wrong.room_id, wrong.body)) == ec::user_not_found);
  CHECK(code_of(w.ask(wrong.room_id, room_get{}, {alice, {}, 0})) == ec::room_not_found);
  const auto right = *announcement_of("user", "alice", "x");
  CHECK(answer_in<protocol::message_ack>(w.ask(right.room_id, right.body)).seq == 2);
  const auto said = answer_in<protocol::history_response>(w.history(right.room_id, alice));
  REQUIRE(said.messages.size() == 1);
  CHECK(said.messages[0].content == "x");
  CHECK(said.messages[0].type == protocol::message_type::system);
}

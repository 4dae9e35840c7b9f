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

TEST_CASE("everybody is in the room of announcements, before and after the first one") {
  leader_world w;
  const auto alice = w.user("alice");
  const auto bob = w.user("bob");
  const auto room = announcements_id_of({});
  CHECK(is_for_everybody(room));
  CHECK_FALSE(is_for_everybody(announcements_id_of(alice)));
  const auto joined = [&](const uuid& user) {
    const auto lines = must<user_room_lines>(w.ask(user, user_rooms{})).rooms;
    return std::count_if(lines.begin(), lines.end(),
                         [&](const chat::user_room& l) { return l.room_id == room; });
  };
  CHECK(joined(alice) == 1);

  const auto published = w.listen(room);
  const auto before =
      must<room_attached>(w.ask_until_available(room, room_attach{w.board().self(), {}, {alice}}));
  CHECK(before.after_seq == 0);
  CHECK(before.members == std::vector<std::pair<uuid, std::uint64_t>>{{alice, 1}});
  CHECK(must<room_admitted>(w.ask(room, room_admit{bob})).joined_seq == 1);
  CHECK(code_of(w.ask(room, room_get{}, {alice, {}, 0})) == ec::room_not_found);

  const auto wrong = *announcement_of("everybody", "", "x");
  CHECK(answer_in<protocol::message_ack>(w.ask(wrong.room_id, wrong.body)).seq == 2);
  for (const std::uint64_t seq : {1, 2}) {
    INFO("who waited hears it from its beginning: " << seq);
    CHECK(published
              ->take([&](const room_publish_ptr& p) {
                return p->room_id == room && p->event != nullptr && p->event->seq == seq;
              })
              .has_value());
  }
  const auto rooms = must<room_views>(
      w.wait(w.post({}, w.board().shard_of(room), shard_room_views{{room}}, {bob, {}, 0})));
  REQUIRE(rooms.rooms.size() == 1);
  REQUIRE(rooms.rooms[0].standing.has_value());
  CHECK(rooms.rooms[0].standing->unread_count == 1);
  CHECK(rooms.rooms[0].standing->role == protocol::member_role::guest);
  must<actors::done>(w.ask(room, room_mark{protocol::message_state::read, 2}, {bob, {}, 0}));
  const auto page = answer_in<protocol::history_response>(w.history(room, bob));
  REQUIRE(page.messages.size() == 1);
  CHECK(page.messages[0].content == "x");
  CHECK(page.messages[0].status == protocol::message_state::read);
  CHECK(code_of(w.ask(room, room_leave{}, leader_world::by(bob))) == ec::conflict);
}

// SPDX-License-Identifier: MIT
#include "protocol/limits.hpp"
#include "unit/chat/world.hpp"

namespace greenroom::chat::test {

namespace {

const protocol::room_event& event_in(const outcome& o) {
  REQUIRE(o.changes.size() == 1);
  REQUIRE(std::holds_alternative<protocol::room_event>(o.changes[0].event.data));
  return std::get<protocol::room_event>(o.changes[0].event.data);
}

}  // namespace

TEST_CASE("the creator owns the room and its first entry", "[chat][rooms]") {
  world w;
  const auto o = w.run(w.creation("anna", 1, 10));
  const auto joined = as<room_joined>(o);
  CHECK(joined.self.role == member_role::owner);
  CHECK(joined.now.last_seq == 1);
  CHECK(joined.now.member_count == 1);
  CHECK(joined.now.owner_count == 1);
  CHECK(joined.now.created_by == user_id_of("anna"));
  CHECK(joined.now.created_at == w.now);
  const auto& e = event_in(o);
  CHECK(e.kind == protocol::room_event_kind::created);
  CHECK(e.seq == 1);
  CHECK_FALSE(e.room.members);
  CHECK(o.changes[0].event.timestamp == w.now);
  CHECK(w.s.entries_of(id(1)).size() == 1);
}

TEST_CASE("members given at creation are members without entries of their own", "[chat][rooms]") {
  world w;
  const auto o = w.run(w.creation("anna", 1, 10, room_type::group, {"bob", "anna", "carl", "bob"}));
  const auto r = as<room_joined>(o).now;
  CHECK(r.last_seq == 1);
  CHECK(r.member_count == 3);
  CHECK(r.first_members ==
        std::vector<uuid>{user_id_of("anna"), user_id_of("bob"), user_id_of("carl")});
  CHECK(w.the_member("bob", 1)->role == member_role::member);
  CHECK(w.the_member("bob", 1)->joined_seq == 1);
  CHECK(w.the_member("anna", 1)->role == member_role::owner);
  REQUIRE(o.outbox.size() == 3);
  for (const auto& item : o.outbox) {
    CHECK(item.kind == outbox_item::what::user_room);
    CHECK(item.target == item.line.user_id);
    CHECK(item.line.state == user_room::standing::joined);
    CHECK(item.line.entry_seq == 1);
  }
}

TEST_CASE("at most a hundred members are shown", "[chat][rooms]") {
  world w;
  std::vector<std::string> many;
  for (int i = 0; i < 200; ++i)
    many.push_back("user" + std::to_string(i));
  const auto r = as<room_joined>(w.run(w.creation("anna", 1, 10, room_type::open, many))).now;
  CHECK(r.member_count == 201);
  CHECK(r.first_members.size() == limits::room_members_shown_max);
  many.push_back("one-more");
  CHECK(refused(w.run(w.creation("anna", 2, 11, room_type::open, many))) == ec::too_large);
}

TEST_CASE("direct rooms are not created by this request", "[chat][rooms]") {
  world w;
  CHECK(refused(w.run(w.creation("anna", 1, 10, room_type::direct))) == ec::invalid_message);
}

TEST_CASE("a repeated creation is a duplicate for ever", "[chat][rooms]") {
  world w;
  w.run(w.creation("anna", 1, 10));
  w.send("anna", 1, "hello");
  const auto later = GENERATE(0, 2 * dedup_window_ms);
  w.now += later;
  const auto o = w.run(w.creation("anna", 1, 10));
  CHECK(o.duplicate);
  CHECK(as<room_joined>(o).now.last_seq == 2);
  CHECK(o.changes.empty());
  CHECK(o.outbox.empty());
}

TEST_CASE("a repeated creation by one who has left shows no membership", "[chat][rooms]") {
  world w;
  w.run(w.creation("anna", 1, 10));
  w.leave("anna", 1);
  const auto o = w.run(w.creation("anna", 1, 10));
  CHECK(o.duplicate);
  CHECK(as<room_joined>(o).self.joined_seq == 0);
}

TEST_CASE("one who has left is answered again as far as he may see the room", "[chat][rooms]") {
  world w;
  w.given_room(1, "anna", room_type::group, {"bob"});
  auto again = join_room{world::from("bob", 30), id(1), 0};
  as<room_joined>(w.run(again));
  w.leave("bob", 1);
  CHECK(refused(w.run(again)) == ec::room_not_found);

  again.from.role = protocol::user_role::admin;
  const auto o = w.run(again);
  CHECK(o.duplicate);
  CHECK(as<room_joined>(o).self.joined_seq == 0);
  CHECK_FALSE(w.the_member("bob", 1));
}

TEST_CASE("a taken alias is a conflict on the field alias", "[chat][rooms]") {
  world w;
  w.run(w.creation("anna", 1, 10));
  for (const auto& other : {w.creation("anna", 1, 11), w.creation("bob", 1, 10)}) {
    const auto o = w.run(other);
    CHECK(refused(o) == ec::conflict);
    CHECK(field_of(o) == "alias");
  }
}

TEST_CASE("the message_id of a creation cannot create something else", "[chat][rooms]") {
  world w;
  w.run(w.creation("anna", 1, 10));
  auto other = w.creation("anna", 1, 10);
  other.from.fingerprint = 2;
  CHECK(field_of(w.run(other)) == "message_id");
}

TEST_CASE("anybody may join a public room", "[chat][rooms]") {
  world w;
  w.given_room(1, "anna");
  const auto o = w.join("bob", 1);
  const auto joined = as<room_joined>(o);
  CHECK(joined.now.last_seq == 2);
  CHECK(joined.now.member_count == 2);
  CHECK(joined.self.role == member_role::member);
  CHECK(joined.self.joined_seq == 2);
  CHECK(joined.self.read_seq == 2);
  const auto& e = event_in(o);
  CHECK(e.kind == protocol::room_event_kind::joined);
  CHECK(e.user_id == user_id_of("bob"));
  CHECK(o.changes[0].user_id == user_id_of("bob"));
  REQUIRE(o.outbox.size() == 1);
  CHECK(o.outbox[0].line.entry_seq == 2);
}

TEST_CASE("joining twice takes no seq", "[chat][rooms]") {
  world w;
  w.given_room(1, "anna");
  w.join("bob", 1, 20);
  const auto o = w.join("bob", 1, 21);
  CHECK(as<room_joined>(o).now.last_seq == 2);
  CHECK_FALSE(o.duplicate);
  CHECK(o.changes.empty());
  CHECK(w.join("bob", 1, 20).duplicate);
}

TEST_CASE("a room that is not public does not exist for others", "[chat][rooms]") {
  world w;
  w.given_room(1, "anna", room_type::group, {"bob"});
  CHECK(refused(w.join("carl", 1)) == ec::room_not_found);
  CHECK(refused(w.leave("carl", 1)) == ec::room_not_found);
  CHECK(refused(w.join("carl", 2)) == ec::room_not_found);
  as<room_joined>(w.join("bob", 1));
}

TEST_CASE("an archived room takes no new members but keeps its own", "[chat][rooms]") {
  world w;
  w.given_room(1, "anna");
  w.alter_room(1, [](room& r) { r.archived = true; });
  CHECK(refused(w.join("bob", 1)) == ec::conflict);
  as<room_joined>(w.join("anna", 1));
}

TEST_CASE("a deleted room is gone", "[chat][rooms]") {
  world w;
  w.given_room(1, "anna");
  w.alter_room(1, [](room& r) { r.deleted = true; });
  CHECK(refused(w.join("bob", 1)) == ec::room_not_found);
  CHECK(refused(w.leave("anna", 1)) == ec::room_not_found);
  CHECK(refused(w.send("anna", 1, "hello")) == ec::room_not_found);
}

TEST_CASE("leaving takes a seq and ends the membership", "[chat][rooms]") {
  world w;
  w.given_room(1, "anna");
  w.join("bob", 1);
  const auto o = w.leave("bob", 1, 30);
  CHECK(as<room_left>(o).room_id == id(1));
  CHECK(event_in(o).kind == protocol::room_event_kind::left);
  CHECK(event_in(o).room.member_count == 1);
  CHECK_FALSE(w.the_member("bob", 1));
  REQUIRE(o.outbox.size() == 1);
  CHECK(o.outbox[0].line.state == user_room::standing::left);
  CHECK(o.outbox[0].line.entry_seq == 3);

  const auto again = w.leave("bob", 1, 30);
  CHECK(again.duplicate);
  CHECK(as<room_left>(again).room_id == id(1));
  CHECK(w.the_room(1).last_seq == 3);
}

TEST_CASE("only members leave", "[chat][rooms]") {
  world w;
  w.given_room(1, "anna");
  CHECK(refused(w.leave("bob", 1)) == ec::forbidden);
}

TEST_CASE("the last owner cannot leave others behind", "[chat][rooms]") {
  world w;
  w.given_room(1, "anna", room_type::open, {"bob"});
  CHECK(refused(w.leave("anna", 1)) == ec::conflict);
  w.set_role("bob", 1, member_role::owner);
  w.alter_room(1, [](room& r) { r.owner_count = 2; });
  as<room_left>(w.leave("anna", 1));
}

TEST_CASE("the last member leaves an empty public room that can be joined again", "[chat][rooms]") {
  world w;
  w.given_room(1, "anna");
  as<room_left>(w.leave("anna", 1));
  CHECK(w.the_room(1).member_count == 0);
  CHECK(w.the_room(1).owner_count == 0);
  CHECK(w.the_room(1).first_members.empty());
  CHECK(as<room_joined>(w.join("bob", 1)).self.role == member_role::member);
}

TEST_CASE("a direct room cannot be left", "[chat][rooms]") {
  world w;
  w.given_room(1, "anna", room_type::group, {"bob"});
  w.alter_room(1, [](room& r) { r.type = room_type::direct; });
  CHECK(refused(w.leave("bob", 1)) == ec::conflict);
}

TEST_CASE("one who joins again starts a new membership", "[chat][rooms]") {
  world w;
  w.given_room(1, "anna");
  w.join("bob", 1);
  w.leave("bob", 1);
  CHECK(as<room_joined>(w.join("bob", 1)).self.joined_seq == 4);
}

}  // namespace greenroom::chat::test

// SPDX-License-Identifier: MIT

// Invitations, removal, bans, roles, and rooms of two.

#include "unit/chat/world.hpp"

namespace greenroom::chat::test {

namespace {

const protocol::room_event& event_in(const outcome& o) {
  REQUIRE(o.changes.size() == 1);
  return std::get<protocol::room_event>(o.changes[0].event.data);
}

struct people : world {
  people() { given_room(1, "olga", room_type::group, {"bob"}); }

  outcome invite(const std::string& by, const std::string& whom, std::uint64_t message_id = 0,
                 std::optional<member_role> role = std::nullopt) {
    return run(invite_person{from(by, message_id, 20), id(1), user_id_of(whom), role});
  }
  outcome remove(const std::string& by, const std::string& whom, bool ban = false,
                 std::uint64_t message_id = 0) {
    return run(remove_person{from(by, message_id, 21), id(1), user_id_of(whom), ban});
  }
  outcome unban(const std::string& by, const std::string& whom) {
    return run(unban_person{from(by), id(1), user_id_of(whom)});
  }
  outcome give(const std::string& by, const std::string& whom, member_role role) {
    return run(set_member_role{from(by), id(1), user_id_of(whom), role});
  }
  std::optional<outsider> the_outsider(const std::string& name) const {
    return s.find_outsider(id(1), user_id_of(name));
  }
};

/// The one line of a list that follows from this.
user_room line_in(const outcome& o) {
  REQUIRE(o.outbox.size() == 1);
  CHECK(o.outbox[0].target == o.outbox[0].line.user_id);
  return o.outbox[0].line;
}

}  // namespace

TEST_CASE("an invitation takes a seq and makes no member", "[chat][people]") {
  people w;
  const auto o = w.invite("bob", "carl", 5, member_role::guest);
  as<done>(o);
  CHECK(event_in(o).kind == protocol::room_event_kind::invited);
  CHECK(event_in(o).seq == 2);
  CHECK(event_in(o).user_id == user_id_of("carl"));
  CHECK(event_in(o).by == user_id_of("bob"));
  CHECK_FALSE(o.changes[0].user_id);
  CHECK(line_in(o).state == user_room::standing::invited);
  CHECK(line_in(o).entry_seq == 2);
  CHECK_FALSE(w.the_member("carl", 1));
  CHECK(w.the_room(1).member_count == 2);
  CHECK(w.invite("bob", "carl", 5, member_role::guest).duplicate);

  const auto joined = w.join("carl", 1);
  CHECK(as<room_joined>(joined).self.role == member_role::guest);
  CHECK(as<room_joined>(joined).self.joined_seq == 3);
  CHECK_FALSE(w.the_outsider("carl"));
}

TEST_CASE("to invite again changes the role or nothing", "[chat][people]") {
  people w;
  w.invite("olga", "carl", 0, member_role::moderator);
  CHECK(w.invite("bob", "carl").changes.empty());
  CHECK(refused(w.invite("bob", "carl", 0, member_role::member)) == ec::forbidden);
  CHECK(w.invite("olga", "carl", 0, member_role::member).changes.size() == 1);
  CHECK(w.the_outsider("carl")->role == member_role::member);
  const auto o = w.invite("olga", "bob");
  as<done>(o);
  CHECK(o.changes.empty());
  CHECK(refused(w.invite("olga", "bob", 0, member_role::admin)) == ec::conflict);
}

TEST_CASE("an invitation is declined by leaving", "[chat][people]") {
  people w;
  w.invite("bob", "carl");
  const auto o = w.leave("carl", 1, 6);
  as<room_left>(o);
  CHECK(event_in(o).kind == protocol::room_event_kind::left);
  CHECK(line_in(o).state == user_room::standing::left);
  CHECK(w.leave("carl", 1, 6).duplicate);
  CHECK(refused(w.join("carl", 1)) == ec::room_not_found);
}

TEST_CASE("who has invited may take it back, others need the right", "[chat][people]") {
  people w;
  w.invite("bob", "carl");
  w.invite("olga", "dora");
  CHECK(refused(w.remove("bob", "dora")) == ec::forbidden);
  const auto o = w.remove("bob", "carl");
  as<done>(o);
  CHECK(event_in(o).kind == protocol::room_event_kind::removed);
  CHECK(line_in(o).state == user_room::standing::left);
  CHECK_FALSE(w.the_outsider("carl"));
  as<done>(w.remove("olga", "dora"));
}

TEST_CASE("a removed member is out and may be asked in again", "[chat][people]") {
  people w;
  const auto o = w.remove("olga", "bob", false, 7);
  CHECK(event_in(o).kind == protocol::room_event_kind::removed);
  CHECK(o.changes[0].user_id == user_id_of("bob"));
  CHECK(event_in(o).room.member_count == 1);
  CHECK(line_in(o).state == user_room::standing::left);
  CHECK(w.remove("olga", "bob", false, 7).duplicate);
  CHECK(field_of(w.remove("olga", "bob")) == "user_id");
  as<done>(w.invite("olga", "bob"));
  as<room_joined>(w.join("bob", 1));
}

TEST_CASE("a ban keeps out until it is taken back", "[chat][people]") {
  people w;
  const auto type = GENERATE(room_type::group, room_type::open);
  w.alter_room(1, [&](room& r) { r.type = type; });
  const auto o = w.remove("olga", "bob", true);
  CHECK(event_in(o).kind == protocol::room_event_kind::banned);
  CHECK(o.changes[0].user_id == user_id_of("bob"));
  CHECK(line_in(o).state == user_room::standing::left);
  CHECK(refused(w.join("bob", 1)) ==
        (type == room_type::open ? ec::forbidden : ec::room_not_found));
  CHECK(refused(w.invite("olga", "bob")) == ec::conflict);
  CHECK(w.remove("olga", "bob", true).changes.empty());

  const auto free = w.unban("olga", "bob");
  CHECK(event_in(free).kind == protocol::room_event_kind::unbanned);
  CHECK(free.outbox.empty());
  CHECK(w.unban("olga", "bob").changes.empty());
  as<done>(w.invite("olga", "bob"));
  as<room_joined>(w.join("bob", 1));
}

TEST_CASE("a ban voids an invitation, and strangers can be banned", "[chat][people]") {
  people w;
  w.invite("olga", "carl");
  const auto o = w.remove("olga", "carl", true);
  CHECK(event_in(o).kind == protocol::room_event_kind::banned);
  CHECK(line_in(o).state == user_room::standing::left);
  CHECK(w.the_outsider("carl")->is == outsider::standing::banned);
  const auto stranger = w.remove("olga", "dora", true);
  CHECK(event_in(stranger).seq == w.the_room(1).last_seq);
  CHECK(stranger.outbox.empty());
}

TEST_CASE("oneself is neither removed nor banned", "[chat][people]") {
  people w;
  CHECK(refused(w.remove("olga", "olga")) == ec::invalid_message);
  CHECK(refused(w.remove("olga", "olga", true)) == ec::invalid_message);
}

TEST_CASE("roles are given, and the same role takes no seq", "[chat][people]") {
  people w;
  const auto o = w.give("olga", "bob", member_role::owner);
  CHECK(event_in(o).kind == protocol::room_event_kind::role);
  CHECK(event_in(o).user_id == user_id_of("bob"));
  CHECK(w.the_room(1).owner_count == 2);
  CHECK(w.give("olga", "bob", member_role::owner).changes.empty());
  CHECK(refused(w.give("olga", "bob", member_role::member)) == ec::forbidden);
  CHECK(refused(w.give("olga", "carl", member_role::member)) == ec::user_not_found);
  as<done>(w.give("olga", "olga", member_role::guest));
  CHECK(w.the_room(1).owner_count == 1);
}

TEST_CASE("the last owner stays one while there are others", "[chat][people]") {
  people w;
  CHECK(refused(w.give("olga", "olga", member_role::admin)) == ec::conflict);
  auto server = world::from("root");
  server.role = user_role::admin;
  CHECK(refused(w.run(remove_person{server, id(1), user_id_of("olga"), false})) == ec::conflict);
  as<done>(w.run(set_member_role{server, id(1), user_id_of("bob"), member_role::owner}));
  as<done>(w.run(remove_person{server, id(1), user_id_of("olga"), true}));
  CHECK(w.the_room(1).owner_count == 1);
}

TEST_CASE("a direct room is one for both", "[chat][people]") {
  world w;
  const auto room_id = direct_room_id(user_id_of("anna"), user_id_of("bob"));
  const auto o = w.run(create_direct{world::from("anna", 1), room_id, user_id_of("bob")});
  const auto made = as<room_joined>(o);
  CHECK(made.now.type == room_type::direct);
  CHECK(made.self.role == member_role::member);
  CHECK(made.now.owner_count == 0);
  CHECK(made.now.first_members == std::vector<uuid>{user_id_of("anna"), user_id_of("bob")});
  REQUIRE(o.outbox.size() == 2);
  CHECK(o.outbox[1].line.user_id == user_id_of("bob"));
  w.now += 2 * dedup_window_ms;
  for (const auto& [name, other] : {std::pair("bob", "anna"), {"anna", "bob"}}) {
    const auto again = w.run(create_direct{world::from(name, 2), room_id, user_id_of(other)});
    CHECK(again.duplicate);
    CHECK(again.changes.empty());
    CHECK(again.outbox.empty());
    CHECK(as<room_joined>(again).self.user_id == user_id_of(name));
  }
  CHECK(field_of(w.run(create_direct{world::from("anna"), id(9), user_id_of("anna")})) ==
        "user_id");
}

TEST_CASE("a change of an invitation's line tells what it was", "[chat][people]") {
  world w;
  as<session_granted>(w.run(w.registration("carl", 1)));
  const auto line = [&](user_room::standing state, std::uint64_t seq) {
    return w.run(put_user_room{{user_id_of("carl"), id(1), state, seq, {}}});
  };
  CHECK_FALSE(line(user_room::standing::invited, 2).list_before);
  CHECK(line(user_room::standing::left, 3).list_before == user_room::standing::invited);
  CHECK_FALSE(line(user_room::standing::invited, 3).list_change);
}

}  // namespace greenroom::chat::test

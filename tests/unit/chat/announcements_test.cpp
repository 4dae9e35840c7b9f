// SPDX-License-Identifier: MIT
#include "unit/chat/world.hpp"

namespace greenroom::chat::test {

namespace {

struct announcing : world {
  /// By an operator.
  announce said(std::uint64_t room_id, const std::string& content = "hear, hear") {
    return {{}, id(++next_id), id(room_id), content};
  }
  announce by_admin(std::uint64_t room_id, std::uint64_t message_id,
                    std::uint64_t fingerprint = 1) {
    auto cmd = said(room_id);
    cmd.from = from("root", message_id, fingerprint);
    cmd.from.role = user_role::admin;
    return cmd;
  }
  announce to_user(const std::string& name, std::uint64_t room_id) {
    auto cmd = said(room_id);
    cmd.of_server = true;
    cmd.user_id = user_id_of(name);
    return cmd;
  }
  announce to_everybody(std::uint64_t room_id) {
    auto cmd = said(room_id);
    cmd.of_server = true;
    cmd.everybody = true;
    return cmd;
  }
  [[nodiscard]] message message_at(std::uint64_t room_id, std::uint64_t seq) const {
    return *s.find_message(id(room_id), seq);
  }
};

}  // namespace

TEST_CASE("the server speaks in a room, in the room's order", "[chat][announcements]") {
  announcing w;
  w.given_room(1, "anna", room_type::group, {"bob"});
  const auto o = w.run(w.said(1));
  CHECK(as<message_written>(o).seq == 2);
  const auto m = w.message_at(1, 2);
  CHECK(m.type == message_type::system);
  CHECK(m.sender_id.is_nil());
  CHECK(m.content == "hear, hear");
  CHECK(m.mentions.empty());
  REQUIRE(o.changes.size() == 1);
  CHECK(std::holds_alternative<protocol::message_received>(o.changes[0].event.data));
  CHECK(w.the_room(1).last_message_at == w.now);
  CHECK(as<message_written>(w.send("bob", 1, "what?")).seq == 3);
}

TEST_CASE("only server admins and operators have the server speak", "[chat][announcements]") {
  announcing w;
  w.given_room(1, "anna");
  for (const auto role : {user_role::user, user_role::bot}) {
    auto cmd = w.said(1);
    cmd.from = w.from("anna", 30);
    cmd.from.role = role;
    CHECK(refused(w.run(cmd)) == ec::forbidden);
  }
  CHECK(as<message_written>(w.run(w.by_admin(1, 31))).seq == 2);
}

TEST_CASE("a repeated announcement is said once", "[chat][announcements]") {
  announcing w;
  w.given_room(1, "anna");
  const auto first = as<message_written>(w.run(w.by_admin(1, 31)));
  const auto again = w.run(w.by_admin(1, 31));
  CHECK(again.duplicate);
  CHECK(as<message_written>(again).id == first.id);
  CHECK(refused(w.run(w.by_admin(1, 31, 2))) == ec::conflict);
  CHECK(w.the_room(1).last_seq == 2);
}

TEST_CASE("where nothing is announced", "[chat][announcements]") {
  announcing w;
  CHECK(refused(w.run(w.said(9))) == ec::room_not_found);
  w.given_room(1, "anna");
  CHECK(refused(w.run(w.said(1, ""))) == ec::invalid_message);
  w.alter_room(1, [](room& r) { r.archived = true; });
  CHECK(refused(w.run(w.said(1))) == ec::conflict);
  w.run(create_direct{w.from("anna", 40), id(2), user_id_of("bob")});
  CHECK(refused(w.run(w.said(2))) == ec::room_not_found);
  w.given_room(3, "anna");
  w.alter_room(3, [](room& r) { r.deleted = true; });
  CHECK(refused(w.run(w.said(3))) == ec::room_not_found);
  CHECK(refused(w.run(w.to_everybody(3))) == ec::conflict);
}

TEST_CASE("a user's announcements have a room of their own", "[chat][announcements]") {
  announcing w;
  const auto o = w.run(w.to_user("bob", 5));
  CHECK(as<message_written>(o).seq == 2);
  CHECK(o.changes.size() == 2);
  REQUIRE(o.outbox.size() == 1);
  CHECK(o.outbox[0].line.user_id == user_id_of("bob"));
  CHECK(o.outbox[0].line.state == user_room::standing::joined);
  CHECK(o.outbox[0].line.entry_seq == 1);
  const auto r = w.the_room(5);
  CHECK(r.created_by.is_nil());
  CHECK(r.is_private);
  CHECK(r.type == room_type::group);
  CHECK(r.member_count == 1);
  CHECK(w.the_member("bob", 5)->role == member_role::guest);
  CHECK(refused(w.send("bob", 5, "thanks")) == ec::forbidden);
  CHECK(refused(w.join("carl", 5)) == ec::room_not_found);
  CHECK(as<message_written>(w.run(w.to_user("bob", 5))).seq == 3);

  as<room_left>(w.leave("bob", 5));
  CHECK(as<message_written>(w.run(w.to_user("bob", 5))).seq == 6);  // left, joined, said
  CHECK(w.the_member("bob", 5)->joined_seq == 5);
  CHECK(w.the_room(5).member_count == 1);
}

TEST_CASE("everybody is in the room of announcements for everybody", "[chat][announcements]") {
  announcing w;
  const auto first = w.run(w.to_everybody(6));
  CHECK(as<message_written>(first).seq == 2);
  CHECK(first.outbox.empty());
  auto r = w.the_room(6);
  CHECK(r.type == room_type::open);
  CHECK_FALSE(r.is_private);
  CHECK(r.everybody);
  const auto joined = as<room_joined>(w.join("bob", 6));
  CHECK(joined.self.role == member_role::guest);
  CHECK(joined.self.read_seq == 0);
  CHECK(refused(w.send("bob", 6, "first!")) == ec::forbidden);
  CHECK(refused(w.leave("bob", 6)) == ec::conflict);
  CHECK(as<message_written>(w.run(w.to_everybody(6))).seq == 3);
  CHECK(w.the_room(6).member_count == 0);
}

TEST_CASE("who reads announcements for everybody takes no seq", "[chat][announcements]") {
  announcing w;
  w.run(w.to_everybody(6));
  const auto read = [&](const std::string& name, std::uint64_t seq) {
    mark m;
    m.room_id = id(6);
    m.marks.push_back({user_id_of(name), protocol::message_state::read, seq});
    return w.run(m);
  };
  CHECK_FALSE(as<marked>(read("bob", 2)).verdicts[0].has_value());
  CHECK(as<marked>(read("bob", 9)).verdicts[0]->code == ec::invalid_message);
  CHECK(w.the_member("bob", 6)->read_seq == 2);
  CHECK(w.the_member("bob", 6)->delivered_seq == 2);
  CHECK(w.the_member("bob", 6)->role == member_role::guest);
  CHECK(w.the_room(6).last_seq == 2);
  CHECK(w.the_room(6).member_count == 0);
  w.run(close_person{id(6), user_id_of("bob"), true});
  CHECK_FALSE(w.s.find_member(id(6), user_id_of("bob")));
  CHECK(w.the_room(6).member_count == 0);
  CHECK(w.the_room(6).last_seq == 2);
}

TEST_CASE("a room of announcements that people had to join is everybody's from the next one on",
          "[chat][announcements]") {
  announcing w;
  auto as_before = w.to_everybody(6);
  as_before.everybody = false;
  w.run(as_before);
  CHECK_FALSE(w.the_room(6).everybody);
  CHECK(as<room_joined>(w.join("bob", 6)).self.joined_seq == 3);
  w.join("carl", 6);
  as<room_left>(w.leave("carl", 6));
  auto admin = w.from("root", 50);
  admin.role = user_role::admin;
  w.run(set_member_role{admin, id(6), user_id_of("bob"), member_role::owner});
  CHECK(w.the_room(6).member_count == 1);

  w.run(w.to_everybody(6));
  const auto r = w.the_room(6);
  CHECK(r.everybody);
  CHECK(r.member_count == 0);
  CHECK(r.owner_count == 0);
  CHECK(r.first_members.empty());
  CHECK(w.the_member("bob", 6)->read_seq == 3);
  CHECK(as<room_joined>(w.join("bob", 6)).self.role == member_role::guest);
  CHECK(refused(w.send("bob", 6, "mine")) == ec::forbidden);
  CHECK(as<room_joined>(w.join("carl", 6)).self.joined_seq == 1);
}

}  // namespace greenroom::chat::test

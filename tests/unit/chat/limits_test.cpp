// SPDX-License-Identifier: MIT
#include "unit/chat/world.hpp"

namespace greenroom::chat::test {

TEST_CASE("a full room takes nobody until somebody leaves", "[chat][limits]") {
  world w;
  w.given_room(1, "anna");
  const auto join = [&](const char* who, std::uint64_t message_id) {
    return w.run(join_room{w.from(who, message_id, 2), id(1), 2});
  };
  CHECK(as<room_joined>(join("bob", 20)).now.member_count == 2);
  const auto o = join("carl", 21);
  CHECK(refused(o) == ec::conflict);
  CHECK(field_of(o) == "room_id");
  CHECK(as<error>(o).details.limit == 2);
  CHECK_FALSE(w.the_member("carl", 1));
  // Who is in it already is not refused, nor is the repeat of what was done.
  CHECK(as<room_joined>(join("bob", 22)).now.member_count == 2);
  CHECK(join("bob", 20).duplicate);
  w.leave("bob", 1, 23);
  CHECK(as<room_joined>(join("carl", 24)).now.member_count == 2);
  // 0: no limit.
  CHECK(as<room_joined>(w.join("dora", 1, 25)).now.member_count == 3);
}

TEST_CASE("a room is not created with more members than it may have", "[chat][limits]") {
  world w;
  auto cmd = w.creation("anna", 1, 10, room_type::group, {"bob", "bob", "anna", "carl"});
  cmd.members_max = 2;
  const auto o = w.run(cmd);
  CHECK(refused(o) == ec::conflict);
  CHECK(field_of(o) == "members");
  CHECK_FALSE(w.s.find_room(id(1)));
  cmd.members_max = 3;
  CHECK(as<room_joined>(w.run(cmd)).now.member_count == 3);
}

}  // namespace greenroom::chat::test

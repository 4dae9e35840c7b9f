// SPDX-License-Identifier: MIT
#include "unit/actors/leader_world.hpp"

using namespace greenroom;
using namespace greenroom::actors;
using namespace greenroom::actors::test;

namespace {

/// As it takes effect when the node begins.
void limit(leader_world& w, std::uint32_t rooms, std::uint32_t members) {
  w.settings.limits.rooms_per_user = rooms;
  w.settings.limits.members_per_room = members;
  w.restart();
}

}  // namespace

TEST_CASE("nobody is in more rooms than are allowed, and who leaves one may enter another") {
  leader_world w;
  limit(w, 2, 0);
  const auto alice = w.user("alice");
  const auto bob = w.user("bob");
  w.room(bob, "one");
  const auto lounge = w.room(alice, "two");
  const auto one = room_id_of_alias("one");
  CHECK(std::holds_alternative<answered>(w.ask(one, room_join{}, w.by(alice))));

  protocol::create_room_request r;
  r.name = "three";
  const auto id = fresh_id();
  const auto third = room_id_of_creation(alice, id);
  const auto refused = must<error>(w.ask(third, room_create{r}, w.by(alice, id)));
  CHECK(refused.code == ec::conflict);
  CHECK(refused.details.limit == 2);
  w.room(bob, "four");
  const auto four = room_id_of_alias("four");
  CHECK(code_of(w.ask(four, room_join{}, w.by(alice))) == ec::conflict);

  // Where one is already there is nothing to refuse, and direct rooms do not count.
  CHECK(std::holds_alternative<answered>(w.ask(one, room_join{}, w.by(alice))));
  const auto direct = direct_room_id(alice, bob);
  CHECK(std::holds_alternative<answered>(w.ask(direct, room_direct{bob}, w.by(alice))));

  CHECK(std::holds_alternative<answered>(w.ask(one, room_leave{}, w.by(alice))));
  CHECK(std::holds_alternative<answered>(w.ask(four, room_join{}, w.by(alice))));
  CHECK(code_of(w.ask(one, room_join{}, w.by(alice))) == ec::conflict);
  CHECK(std::holds_alternative<answered>(w.ask(lounge, room_leave{}, w.by(alice))));
}

TEST_CASE("a place is kept for the room that asked for it, and for nobody twice") {
  leader_world w;
  limit(w, 2, 0);
  const auto alice = w.user("alice");
  w.room(alice, "one");
  // As two leaders of rooms ask at the same time, before either has put its room into the list.
  const auto place = [&](const uuid& room) {
    return w.ask(alice, user_rooms{chat::user_room::standing::joined, true, false, room});
  };
  const auto two = room_id_of_alias("two");
  const auto three = room_id_of_alias("three");
  must<done>(place(two));
  const auto refused = must<error>(place(three));
  CHECK(refused.code == ec::conflict);
  CHECK(refused.details.limit == 2);
  must<done>(place(two));  // the same room asks again
  CHECK(must<error>(place(room_id_of_alias("four"))).code == ec::conflict);
}

TEST_CASE("a kept place is free again when the room is entered and left") {
  leader_world w;
  limit(w, 1, 0);
  const auto alice = w.user("alice");
  const auto bob = w.user("bob");
  w.room(bob, "one");
  const auto one = room_id_of_alias("one");
  must<answered>(w.ask(one, room_join{}, w.by(alice)));
  must<answered>(w.ask(one, room_leave{}, w.by(alice)));
  const auto place = user_rooms{chat::user_room::standing::joined, true, false, fresh_id()};
  must<done>(w.ask(alice, place));
}

TEST_CASE("a repeat of what was done is answered when there is no place any more") {
  leader_world w;
  limit(w, 1, 0);
  const auto alice = w.user("alice");
  const auto bob = w.user("bob");
  w.room(bob, "one");
  const auto one = room_id_of_alias("one");
  const auto id = fresh_id();
  must<answered>(w.ask(one, room_join{}, w.by(alice, id)));
  CHECK(must<answered>(w.ask(one, room_join{}, w.by(alice, id))).duplicate);
}

TEST_CASE("rooms have as many members as the leader's settings allow") {
  leader_world w;
  limit(w, 0, 2);
  const auto alice = w.user("alice");
  const auto bob = w.user("bob");
  const auto carl = w.user("carl");
  const auto one = w.room(alice, "one", {bob});
  const auto refused = must<error>(w.ask(one, room_join{}, w.by(carl)));
  CHECK(refused.code == ec::conflict);
  CHECK(refused.details.field == "room_id");
  CHECK(refused.details.limit == 2);
}

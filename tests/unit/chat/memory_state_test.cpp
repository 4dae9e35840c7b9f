// SPDX-License-Identifier: MIT
#include "unit/chat/world.hpp"

namespace greenroom::chat::test {

TEST_CASE("the hash does not depend on the order of independent writes", "[chat][memory]") {
  memory_state a;
  memory_state b;
  user anna;
  anna.id = id(1);
  user bob;
  bob.id = id(2);
  a.put_user(anna);
  a.put_user(bob);
  b.put_user(bob);
  b.put_user(anna);
  CHECK(a.hash() == b.hash());
  CHECK(a.dump() == b.dump());
  bob.last_seen = 1;
  b.put_user(bob);
  CHECK(a.hash() != b.hash());
}

TEST_CASE("content that is not valid UTF-8 can be hashed", "[chat][memory]") {
  memory_state a;
  memory_state b;
  message m;
  m.content = "\xff";
  a.put_message(m);
  m.content = "\xfe";
  b.put_message(m);
  CHECK(a.hash() != b.hash());
}

TEST_CASE("the clock counts only when asked for", "[chat][memory]") {
  memory_state a;
  const auto full = a.hash();
  const auto rest = a.hash(false);
  a.set_clock(5);
  CHECK(a.hash() != full);
  CHECK(a.hash(false) == rest);
}

TEST_CASE("outbox ids rise and are not used again", "[chat][memory]") {
  world w;
  w.given_room(1, "anna", room_type::group, {"bob"});
  REQUIRE(w.s.outbox().size() == 2);
  const auto last = w.s.outbox().back().id;
  as<done>(w.run(forget_outbox{{1, last, 999}}));
  CHECK(w.s.outbox().empty());
  CHECK(w.s.append_outbox({}) == last + 1);
}

TEST_CASE("a copy is a snapshot", "[chat][memory]") {
  world w;
  w.given_room(1, "anna");
  const auto before = w.s;
  w.send("anna", 1, "hello");
  CHECK(before.find_room(id(1))->last_seq == 1);
  CHECK(before.entries_of(id(1)).size() == 1);
}

TEST_CASE("a state that cannot forget sessions keeps them revoked", "[chat][memory]") {
  memory_state s;
  session opened;
  opened.id = id(1);
  opened.user_id = id(2);
  s.put_session(opened);
  s.state::erase_session(id(2), id(1));
  s.state::erase_session(id(2), id(99));
  CHECK(s.find_session(id(2), id(1))->revoked);
}

}  // namespace greenroom::chat::test

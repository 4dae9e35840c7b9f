// SPDX-License-Identifier: MIT
#include "unit/chat/world.hpp"

namespace greenroom::chat::test {

namespace {

using protocol::message_state;

/// Public room 1 of anna and bob with messages 2 to 4.
world with_messages() {
  world w;
  w.given_room(1, "anna", room_type::open, {"bob"});
  for (int i = 0; i < 3; ++i)
    w.send("anna", 1, "hello");
  return w;
}

std::optional<error> verdict(const outcome& o) {
  return as<marked>(o).verdicts.at(0);
}

}  // namespace

TEST_CASE("reading up to a message implies having received it", "[chat][cursors]") {
  auto w = with_messages();
  const auto o = w.mark_one("bob", 1, message_state::read, 3);
  CHECK_FALSE(verdict(o));
  REQUIRE(o.cursors.size() == 1);
  CHECK(o.cursors[0].user_id == user_id_of("bob"));
  CHECK(o.cursors[0].status == message_state::read);
  CHECK(o.cursors[0].seq == 3);
  CHECK(w.the_member("bob", 1)->read_seq == 3);
  CHECK(w.the_member("bob", 1)->delivered_seq == 3);
}

TEST_CASE("receiving does not imply reading", "[chat][cursors]") {
  auto w = with_messages();
  w.mark_one("bob", 1, message_state::delivered, 4);
  CHECK(w.the_member("bob", 1)->read_seq == 1);
  w.mark_one("bob", 1, message_state::read, 2);
  CHECK(w.the_member("bob", 1)->delivered_seq == 4);
}

TEST_CASE("a mark below the cursor is fine and does nothing", "[chat][cursors]") {
  auto w = with_messages();
  w.mark_one("bob", 1, message_state::read, 3);
  const auto before = w.s.hash();
  for (const auto seq : {0U, 2U, 3U}) {
    const auto o = w.mark_one("bob", 1, message_state::read, seq);
    CHECK_FALSE(verdict(o));
    CHECK(o.cursors.empty());
  }
  CHECK(w.s.hash() == before);
}

TEST_CASE("a mark above the room's last seq is refused", "[chat][cursors]") {
  auto w = with_messages();
  const auto e = verdict(w.mark_one("bob", 1, message_state::read, 5));
  REQUIRE(e);
  CHECK(e->code == ec::invalid_message);
  CHECK(e->details.field == "seq");
}

TEST_CASE("nothing is marked as sent", "[chat][cursors]") {
  auto w = with_messages();
  CHECK(verdict(w.mark_one("bob", 1, message_state::sent, 2))->details.field == "status");
}

TEST_CASE("only members have cursors", "[chat][cursors]") {
  auto w = with_messages();
  w.given_room(2, "anna", room_type::group);
  CHECK(verdict(w.mark_one("carl", 1, message_state::read, 2))->code == ec::forbidden);
  CHECK(verdict(w.mark_one("carl", 2, message_state::read, 1))->code == ec::room_not_found);
  CHECK(verdict(w.mark_one("carl", 3, message_state::read, 1))->code == ec::room_not_found);
}

TEST_CASE("marks of several members share a command, each with a verdict", "[chat][cursors]") {
  auto w = with_messages();
  const auto o = w.run(mark{id(1),
                            {{user_id_of("anna"), message_state::read, 2},
                             {user_id_of("carl"), message_state::read, 2},
                             {user_id_of("anna"), message_state::read, 4},
                             {user_id_of("bob"), message_state::delivered, 9}}});
  const auto verdicts = as<marked>(o).verdicts;
  REQUIRE(verdicts.size() == 4);
  CHECK_FALSE(verdicts[0]);
  CHECK(verdicts[1]);
  CHECK_FALSE(verdicts[2]);
  CHECK(verdicts[3]);
  CHECK(o.cursors.size() == 2);
  CHECK(w.the_member("anna", 1)->read_seq == 4);
}

TEST_CASE("an archived room can still be read and marked", "[chat][cursors]") {
  auto w = with_messages();
  w.alter_room(1, [](room& r) { r.archived = true; });
  CHECK_FALSE(verdict(w.mark_one("bob", 1, message_state::read, 4)));
}

}  // namespace greenroom::chat::test

// SPDX-License-Identifier: MIT
#include "client/positions.hpp"

#include <catch2/catch.hpp>

using namespace greenroom;
using client::gap;
using client::positions;

namespace {

const uuid self = user_id_of("bob");
const uuid room = room_id_of_alias("lobby");

protocol::event_data said(std::uint64_t seq, const uuid& where = room) {
  return protocol::message_received{where, seq, {}};
}

protocol::event_data changed(std::uint64_t seq, protocol::room_event_kind kind,
                             const uuid& who = self) {
  return protocol::room_event{room, seq, kind, who, who, {}};
}

protocol::answer_data joined(std::uint64_t last_seq) {
  protocol::room_response r;
  r.room.id = room;
  r.standing = {last_seq, 0, protocol::member_role::member};
  return r;
}

}  // namespace

TEST_CASE("a room of which nothing came is resumed from where an answer has seen it") {
  positions p;
  p.learn(joined(7), self);
  CHECK(p.begin_again(10) == std::map<uuid, std::uint64_t>{{room, 7}});

  positions lists;
  protocol::room_list_response list;
  list.rooms.resize(2);
  list.rooms[0].id = room;
  list.rooms[0].last_seq = 9;
  list.rooms[0].standing.emplace();
  list.rooms[1].id = room_id_of_alias("not-mine");
  list.rooms[1].last_seq = 4;
  lists.learn(list, self);
  CHECK(lists.begin_again(10) == std::map<uuid, std::uint64_t>{{room, 9}});

  positions pages;
  protocol::history_response page;
  page.messages.resize(1);
  page.messages[0].room_id = room;
  page.last_seq = 12;
  pages.learn(page, self);
  CHECK(pages.of(room) == 12);
}

TEST_CASE("answers do not overtake events") {
  positions p;
  p.learn(joined(7), self);
  p.learn(joined(9), self);
  CHECK(p.of(room) == 7);
  CHECK(p.take(said(7), self).fresh);  // was under way when the answer came
  CHECK(p.take(said(8), self).fresh);
  p.learn(joined(20), self);
  CHECK(p.of(room) == 8);
}

TEST_CASE("a repeat is not fresh, and a hole is a gap") {
  positions p;
  CHECK(p.take(said(5), self).fresh);
  CHECK_FALSE(p.take(said(5), self).fresh);
  CHECK_FALSE(p.take(said(4), self).fresh);
  const auto later = p.take(said(9), self);
  CHECK(later.fresh);
  CHECK(later.missed == gap{room, 6, 8});
  CHECK(p.take(said(10), self).missed == std::nullopt);
}

TEST_CASE("the first event after a resume may show a gap behind the base") {
  positions p;
  p.learn(joined(7), self);
  p.begin_again(10);
  CHECK(p.take(said(11), self).missed == gap{room, 8, 10});
}

TEST_CASE("joining again begins a stream, leaving ends it") {
  positions p;
  CHECK(p.take(said(5), self).fresh);
  const auto again = p.take(changed(30, protocol::room_event_kind::joined), self);
  CHECK(again.fresh);
  CHECK(again.missed == std::nullopt);
  CHECK(p.take(changed(31, protocol::room_event_kind::left), self).fresh);
  CHECK(p.of(room) == std::nullopt);
  CHECK(p.take(said(50), self).missed == std::nullopt);
  // Others come and go within it.
  const auto other =
      p.take(changed(60, protocol::room_event_kind::joined, user_id_of("eve")), self);
  CHECK(other.missed == gap{room, 51, 59});
}

TEST_CASE("what is outside a room's stream moves nothing") {
  positions p;
  CHECK(p.take(changed(0, protocol::room_event_kind::invited), self).fresh);
  CHECK(
      p.take(protocol::message_status{room, self, protocol::message_state::read, 99}, self).fresh);
  CHECK(p.of(room) == std::nullopt);
}

TEST_CASE("a room that has less than was seen is asked about") {
  positions p;
  p.take(said(20), self);
  p.begin_again(10);
  const auto back = p.take(said(15), self);
  CHECK_FALSE(back.fresh);
  CHECK(back.room_went_back);
  CHECK_FALSE(p.take(said(16), self).room_went_back);  // once for a connection
  protocol::resume_result r;
  r.last_seq = 16;
  r.complete = false;
  CHECK(p.resumed(room, r) == gap{room, 1, 16});
  CHECK(p.take(said(17), self).fresh);
}

TEST_CASE("a resume that begins later says so without an event") {
  positions p;
  p.take(said(20), self);
  CHECK(p.resumed(room, {21, 25, true, {}}) == std::nullopt);
  CHECK(p.resumed(room, {11, 25, false, {}}) == std::nullopt);  // an older question
  CHECK(p.resumed(room, {0, 15, true, {}}) == std::nullopt);
  CHECK(p.resumed(room, {100, 120, false, {}}) == gap{room, 21, 99});
  CHECK(p.take(said(100), self).missed == std::nullopt);
}

TEST_CASE("many rooms are resumed in parts") {
  positions p;
  for (int i = 0; i < 25; ++i) {
    p.take(said(5, room_id_of_alias("r" + std::to_string(i))), self);
  }
  const auto first = p.begin_again(10);
  CHECK(first.size() == 10);
  const auto rest = p.rooms_after(first.rbegin()->first, 100);
  CHECK(rest.size() == 15);
  CHECK(rest.begin()->first > first.rbegin()->first);
}

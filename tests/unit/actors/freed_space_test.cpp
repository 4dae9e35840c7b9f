// SPDX-License-Identifier: MIT
#include "actors/freed_space.hpp"

#include <catch2/catch.hpp>

using namespace greenroom;
using namespace greenroom::actors;
using namespace std::chrono_literals;

namespace {

using step = freed_space::step;
constexpr auto every = 60s;

uuid room_of(std::uint8_t n) {
  uuid id;
  id.bytes[15] = n;
  return id;
}

chat::outcome purge_of(std::uint8_t room, std::uint64_t seq) {
  chat::outcome o;
  o.answer = chat::room_purged{room_of(room), seq, false};
  return o;
}

bool yes() {
  return true;
}
bool no() {
  return false;
}

/// Ten rounds apart.
constexpr freed_space::clock::time_point instant(int n) {
  return freed_space::clock::time_point(n * 10 * every);
}

}  // namespace

TEST_CASE("freed space: nothing is cut for what deletes nothing", "[freed]") {
  freed_space s(3, every);
  s.applied(1, {}, instant(1));
  CHECK(s.on_time(instant(100), 1, yes) == step::none);
}

TEST_CASE("freed space: the log is cut at an instant, and given back when it is", "[freed]") {
  freed_space s(3, every);
  s.applied(10, purge_of(1, 500), instant(1) + 1s);
  s.applied(11, purge_of(2, 7), instant(1) + 2s);
  s.applied(12, purge_of(1, 800), instant(1) + 3s);
  CHECK(s.on_time(instant(2) - 1s, 1, yes) == step::none);
  CHECK(s.on_time(instant(2), 1, yes) == step::cut_log);
  CHECK(s.on_time(instant(2) + 1s, 12, yes) == step::none);
  // Who is slow holds up the cut, which is asked for again; what was cut off takes its time.
  CHECK(s.on_time(instant(2) + every, 11, yes) == step::cut_log);
  CHECK(s.on_time(instant(2) + 2 * every, 12, no) == step::cut_log);
  CHECK(s.on_time(instant(2) + 3 * every, 12, yes) == step::give_back);
  const auto what = s.take(instant(2) + 3 * every);
  CHECK(what.shard == 3);
  CHECK(what.rooms == std::map<uuid, std::uint64_t>{{room_of(1), 800}, {room_of(2), 7}});
  CHECK_FALSE(what.any_rooms);
  CHECK(s.on_time(instant(9), 12, yes) == step::none);
}

TEST_CASE("freed space: what comes meanwhile is for the next instant", "[freed]") {
  freed_space s(3, every);
  s.applied(10, purge_of(1, 500), instant(1));
  CHECK(s.on_time(instant(2), 1, yes) == step::cut_log);
  s.applied(20, purge_of(2, 9), instant(2) + 1s);
  CHECK(s.on_time(instant(2) + every, 10, yes) == step::give_back);
  CHECK(s.take(instant(2) + every).rooms.count(room_of(2)) == 0);
  CHECK(s.on_time(instant(3) - 1s, 10, yes) == step::none);
  CHECK(s.on_time(instant(3), 10, yes) == step::cut_log);
  CHECK(s.on_time(instant(3) + every, 19, yes) == step::cut_log);
  CHECK(s.on_time(instant(3) + 2 * every, 20, yes) == step::give_back);
  CHECK(s.take(instant(3) + 2 * every).rooms.count(room_of(2)) == 1);
}

TEST_CASE("freed space: a room that is emptied counts, one that is left does not", "[freed]") {
  freed_space s(3, every);
  chat::outcome o;
  o.answer = chat::room_swept{chat::room_swept::left::people};
  s.applied(1, o, instant(1));
  CHECK(s.on_time(instant(2), 1, yes) == step::none);
  o.answer = chat::room_swept{chat::room_swept::left::nothing};
  s.applied(2, o, instant(2));
  CHECK(s.on_time(instant(3), 1, yes) == step::cut_log);
  CHECK(s.on_time(instant(4), 2, yes) == step::give_back);
  CHECK(s.take(instant(4)).any_rooms);
}

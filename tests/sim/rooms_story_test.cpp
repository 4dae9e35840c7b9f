// SPDX-License-Identifier: MIT
// Single stories of rooms that come from files and of people who are erased.
#include <catch2/catch.hpp>

#include "chat/apply.hpp"
#include "sim/chat_world.hpp"

namespace greenroom::sim {

namespace {

constexpr unix_ms hour_ms = 3'600'000;

/// Two people in a room in which something has happened, and its file in three parts, which the
/// second one hands in; up to the entry `to`, unless that is 0.
struct room_world {
  explicit room_world(std::uint64_t seed, std::uint64_t to = 0) : w(calm_chat(seed)) {
    REQUIRE(w.run_to_leader());
    w.run(100);
    for (std::size_t n = 0; n < 2; ++n)
      done(n, w.client(n).registration());
    auto creation = w.client(0).creation("lobby");
    done(0, creation);
    room = creation.room;
    done(1, w.client(1).join(room));
    for (int i = 0; i < 6; ++i) {
      const auto said = done(i % 2 == 0 ? 0 : 1, w.client(i % 2 == 0 ? 0 : 1).send(room));
      if (i == 0) done(1, w.client(1).change(verb::react, room, said.object, "+1"));
      if (i == 1) done(1, w.client(1).change(verb::edit, room, said.object, ""));
    }
    w.run(200);
    room_copy file(room);
    REQUIRE(file.read(w.state(*w.leader()), 1000));
    REQUIRE(file.whole());
    if (to != 0) REQUIRE(file.cut(to));
    parts = file.parts([](std::size_t n) { return n == 3 ? std::size_t{1} : std::size_t{0}; });
    REQUIRE(parts.size() >= 3);
    first = w.client(1).creation();
    first.what = verb::restore;
  }

  answer done(std::size_t n, const request& what) {
    const auto a = w.ask(w.client(n), what);
    INFO(what.describe());
    CHECK(a.how == answer::kind::ok);
    return a;
  }
  request part(std::size_t n) const {
    auto r = first;
    r.seq = n;
    r.part = parts.at(n);
    return r;
  }
  void hand_in(std::size_t from, std::size_t to) {
    for (auto n = from; n < to; ++n)
      done(1, part(n));
  }
  chat::room restored() { return *w.state(*w.leader()).find_room(first.room); }

  chat_world w;
  uuid room;
  std::vector<std::shared_ptr<const chat::restore_room>> parts;
  request first;
};

}  // namespace

TEST_CASE("story: a room is half restored when its leader dies", "[stories]") {
  room_world r(21);
  auto& w = r.w;
  r.hand_in(0, 2);
  w.crash(*w.leader());
  w.run(2000);
  REQUIRE(w.leader());
  CHECK(r.restored().deleted);
  // It says again what it has said.
  r.hand_in(1, r.parts.size());
  CHECK_FALSE(r.restored().deleted);
  CHECK(r.restored().last_seq == w.state(*w.leader()).find_room(r.room)->last_seq + 1);
  w.found_room(r.first.room);
  r.done(0, w.client(0).send(r.first.room));
  w.check_end();
  CHECK(w.log().restored().opened() == 1);
}

TEST_CASE("story: a leader dies before a room opens that is restored up to an entry", "[stories]") {
  // Entry 5 is a message that entry 6 has changed.
  room_world r(24, 5);
  auto& w = r.w;
  r.hand_in(0, r.parts.size() - 1);
  CHECK(r.restored().last_seq == 6);
  w.crash(*w.leader());
  w.run(2000);
  REQUIRE(w.leader());
  CHECK(r.restored().deleted);
  r.hand_in(1, r.parts.size());
  CHECK_FALSE(r.restored().deleted);
  CHECK(r.restored().last_seq == 7);
  const auto lost = w.state(*w.leader()).find_message(r.first.room, 5);
  REQUIRE(lost.has_value());
  CHECK(lost->deleted_seq == 6);
  CHECK(lost->content.empty());
  w.found_room(r.first.room);
  r.done(0, w.client(0).send(r.first.room));
  w.check_end();
  CHECK(w.log().restored().opened() == 1);
}

TEST_CASE("story: who is erased while a room with him is restored is not in it", "[stories]") {
  room_world r(22);
  auto& w = r.w;
  r.hand_in(0, 2);
  r.done(1, w.client(1).close(w.client(0).user(), "erase"));
  r.hand_in(2, r.parts.size());
  // What he had on its way is refused in both rooms, once they have heard of it.
  w.run(500);
  for (const auto& room : {r.room, r.first.room})
    CHECK(w.ask(w.client(0), w.client(0).send(room)).code == ec::forbidden);
  // He joins again, and is out again.
  r.done(0, w.client(0).join(r.room));
  w.check_end();
  CHECK_FALSE(w.state(*w.leader()).find_member(r.room, w.client(0).user()).has_value());
}

TEST_CASE("story: nobody goes on with a restored room for a day", "[stories]") {
  room_world r(23);
  auto& w = r.w;
  r.hand_in(0, 2);
  w.leap(25 * hour_ms);
  w.run(1000);
  CHECK(r.restored().restored.is == chat::restoration::what::erased);
  CHECK(w.state(*w.leader()).entries_of(r.first.room).empty());
  CHECK(w.ask(w.client(1), r.part(2)).code == ec::room_not_found);
  r.hand_in(0, r.parts.size());
  w.check_end();
  CHECK(w.log().restored().opened() == 1);
}

TEST_CASE("story: a server that was away takes a state with somebody who was erased", "[stories]") {
  auto o = calm_chat(24);
  o.group.log_entries_max = 20;
  chat_world w(o);
  REQUIRE(w.run_to_leader());
  w.run(100);
  for (std::size_t n = 0; n < 2; ++n)
    REQUIRE(w.ask(w.client(n), w.client(n).registration()).how == answer::kind::ok);
  const auto creation = w.client(0).creation("lobby");
  REQUIRE(w.ask(w.client(0), creation).how == answer::kind::ok);
  server_id away = 1;
  while (away == *w.leader())
    ++away;
  w.crash(away);
  REQUIRE(w.ask(w.client(0), w.client(0).close(w.client(0).user(), "erase")).how ==
          answer::kind::ok);
  REQUIRE(w.ask(w.client(1), w.client(1).join(creation.room)).how == answer::kind::ok);
  for (int i = 0; i < 60; ++i)
    REQUIRE(w.ask(w.client(1), w.client(1).send(creation.room)).how == answer::kind::ok);
  w.restart(away);
  w.run(2000);
  CHECK(w.states_fetched() > 0);
  CHECK(w.state(away).find_user(w.client(0).user())->username == "deleted user");
  w.crash(away);
  w.restart(away);
  w.check_end();
  CHECK(w.state(away).find_user(w.client(0).user())->erased);
}

}  // namespace greenroom::sim

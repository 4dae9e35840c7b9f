// SPDX-License-Identifier: MIT
#include "net/waiting_room.hpp"

#include <catch2/catch.hpp>

using namespace greenroom::net;
using namespace std::chrono_literals;

namespace {
const waiting_room::time_point start{};
using callers = std::vector<waiting_room::caller>;
}  // namespace

TEST_CASE("when all places are taken the one who has waited longest goes") {
  waiting_room room(3, 5s);
  for (const waiting_room::caller who : {1, 2, 3}) {
    CHECK_FALSE(room.enter(who, "192.0.2.1", start));
  }
  CHECK(room.enter(4, "192.0.2.1", start) == 1);
  CHECK(room.enter(5, "192.0.2.1", start) == 2);
  room.leave(3);
  CHECK_FALSE(room.enter(6, "192.0.2.1", start));
  CHECK(room.size() == 3);
}

TEST_CASE("an address that takes many places drives out its own, not others") {
  waiting_room room(4, 5s);
  CHECK_FALSE(room.enter(1, "192.0.2.7", start));
  for (waiting_room::caller who = 2; who < 100; ++who) {
    const auto goes = room.enter(who, "192.0.2.66", start);
    CHECK(goes != 1);
    CHECK(goes.has_value() == (who > 4));
  }
  CHECK(room.enter(100, "192.0.2.8", start) == 97);
  room.leave(1);
  CHECK(room.size() == 3);
}

TEST_CASE("with as many addresses as places it is the longest wait that counts") {
  waiting_room room(2, 5s);
  CHECK_FALSE(room.enter(1, "192.0.2.1", start));
  CHECK_FALSE(room.enter(2, "192.0.2.2", start));
  CHECK(room.enter(3, "192.0.2.3", start) == 1);
}

TEST_CASE("whoever waits too long has to go") {
  waiting_room room(8, 5s);
  room.enter(1, "a", start);
  room.enter(2, "a", start + 1s);
  room.enter(3, "a", start + 2s);
  room.leave(2);
  CHECK(room.leave_overdue(start + 4999ms).empty());
  CHECK(room.leave_overdue(start + 5s) == callers{1});
  CHECK(room.leave_overdue(start + 6s).empty());
  CHECK(room.leave_overdue(start + 1h) == callers{3});
  CHECK(room.size() == 0);
}

TEST_CASE("no places") {
  waiting_room room(0, 5s);
  CHECK(room.enter(1, "a", start) == 1);
  CHECK(room.size() == 0);
}

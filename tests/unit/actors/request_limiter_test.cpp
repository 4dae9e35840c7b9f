// SPDX-License-Identifier: MIT
#include "actors/request_limiter.hpp"

#include <catch2/catch.hpp>

#include "protocol/requests.hpp"

using namespace greenroom;
using namespace greenroom::actors;
using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t limit = 60;
constexpr std::uint16_t reading = 25;
constexpr std::uint16_t marking = 27;

struct world {
  request_limiter all{limit};
  std::chrono::steady_clock::time_point now{1h};
  uuid user{{1}};

  int take_all(std::uint16_t kind) {
    int taken = 0;
    while (!all.take(user, kind, now))
      ++taken;
    return taken;
  }
};

uuid nth(std::uint32_t n) {
  uuid one{{2}};
  one.bytes[13] = static_cast<std::uint8_t>(n >> 16);
  one.bytes[14] = static_cast<std::uint8_t>(n >> 8);
  one.bytes[15] = static_cast<std::uint8_t>(n);
  return one;
}

}  // namespace

TEST_CASE("a minute's worth at once, then as it fills again, never more than a minute's") {
  world w;
  CHECK(w.take_all(reading) == 60);
  CHECK(w.all.take(w.user, reading, w.now) == 1000);
  w.now += 300ms;
  CHECK(w.all.take(w.user, reading, w.now) == 700);
  w.now += 699'500us;
  CHECK(w.all.take(w.user, reading, w.now) == 1);
  w.now += 500us;
  CHECK(w.take_all(reading) == 1);
  w.now += 10s;
  CHECK(w.take_all(reading) == 10);
  w.now += 24h;
  CHECK(w.take_all(reading) == 60);
}

TEST_CASE("what is more work counts as several, and never as more than a minute's worth") {
  world w;
  CHECK_FALSE(w.all.take(w.user, reading, w.now, 10));
  CHECK(w.take_all(reading) == 50);
  CHECK(w.all.take(w.user, reading, w.now, 10) == 10'000);
  w.now += 10s;
  CHECK_FALSE(w.all.take(w.user, reading, w.now, 10));
  w.now += 1min;
  CHECK_FALSE(w.all.take(w.user, reading, w.now, 1000));
  CHECK(w.take_all(reading) == 0);
}

TEST_CASE("limits that do not divide a minute are met exactly") {
  for (const std::uint32_t odd : {1U, 7U, 999'983U}) {
    request_limiter all{odd};
    std::uint32_t taken = 0;
    while (!all.take(uuid{{1}}, reading, {}))
      ++taken;
    INFO(odd);
    CHECK(taken >= odd);
    CHECK(taken <= odd + odd / 1000);
  }
}

TEST_CASE("kinds do not take from each other, nor people") {
  world w;
  CHECK(w.take_all(reading) == 60);
  CHECK(w.take_all(marking) == 60);
  w.user = nth(1);
  CHECK(w.take_all(reading) == 60);
}

TEST_CASE("each request of the table has a kind of its own; what is beyond shares that of none") {
  for (const auto& row : protocol::request_table()) {
    INFO(row.type);
    CHECK(row.number > 0);
    CHECK(row.number < request_limiter::kinds);
  }
  world w;
  CHECK(w.take_all(request_limiter::kinds) == 60);
  CHECK(w.take_all(0) == 0);
  CHECK(w.take_all(request_limiter::kinds - 1) == 60);
}

TEST_CASE("who has asked for nothing lately is forgotten, who has asked much is not") {
  world w;
  REQUIRE(w.take_all(reading) == 60);
  constexpr std::uint32_t crowd = 40'000;
  for (std::uint32_t n = 0; n < crowd; ++n)
    REQUIRE_FALSE(w.all.take(nth(n), reading, w.now));
  CHECK(w.all.people() == crowd + 1);  // each has asked just now
  w.now += 2s;
  for (std::uint32_t n = 0; n < crowd; ++n)
    REQUIRE_FALSE(w.all.take(nth(crowd + n), marking, w.now));
  CHECK(w.all.people() < crowd + crowd / 2);
  CHECK(w.take_all(reading) == 2);
}

TEST_CASE("without a limit nobody is counted") {
  request_limiter none;
  for (int i = 0; i < 100'000; ++i)
    REQUIRE_FALSE(none.take(uuid{{1}}, reading, {}));
  CHECK(none.people() == 0);
}

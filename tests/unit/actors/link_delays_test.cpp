// SPDX-License-Identifier: MIT
#include "actors/link_delays.hpp"

#include <catch2/catch.hpp>

using namespace greenroom;
using namespace greenroom::actors;
using namespace std::chrono_literals;

TEST_CASE("a delay is of one peer, and ends by itself", "[chaos]") {
  link_delays delays;
  const uuid a{{1}};
  const uuid b{{2}};
  const link_delays::clock::time_point now{};
  CHECK(delays.of(a, now) == 0ms);
  delays.set(a, 50ms, now + 10s, now);
  CHECK(delays.of(a, now) == 50ms);
  CHECK(delays.of(b, now) == 0ms);
  const auto shown = delays.all(now + 4s);
  REQUIRE(shown.size() == 1);
  CHECK(shown.front().peer == a);
  CHECK(shown.front().delay == 50ms);
  CHECK(shown.front().left == 6s);
  CHECK(delays.of(a, now + 9999ms) == 50ms);
  CHECK(delays.all(now + 10s).empty());
  CHECK(delays.of(a, now + 10s) == 0ms);
  CHECK(delays.of(a, now) == 0ms);
}

TEST_CASE("the latest word on a delay counts", "[chaos]") {
  link_delays delays;
  const uuid a{{1}};
  const link_delays::clock::time_point now{};
  delays.set(a, 50ms, now + 10s, now);
  delays.set(a, 20ms, now + 1s, now);
  CHECK(delays.of(a, now) == 20ms);
  delays.set(a, 0ms, now + 10s, now);
  CHECK(delays.of(a, now) == 0ms);
  CHECK(delays.all(now).empty());
  delays.set(a, 20ms, now, now);
  CHECK(delays.all(now).empty());
}

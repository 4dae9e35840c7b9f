// SPDX-License-Identifier: MIT
#include "actors/facts.hpp"

#include <catch2/catch.hpp>

using namespace greenroom::actors;

TEST_CASE("a rate is of about the last minute") {
  constexpr greenroom::unix_ms minute = 60'000;
  constexpr greenroom::unix_ms begin = 1000 * minute;
  minute_rate rate;
  CHECK(rate.per_minute(begin) == 0);
  for (int n = 0; n < 30; ++n) {
    rate.note(begin + n * 1000);
  }
  CHECK(rate.per_minute(begin + 30'000) == 30);
  SECTION("half of the minute before lies within the last 60 s") {
    CHECK(rate.per_minute(begin + minute + 30'000) == Approx(15));
    rate.note(begin + minute + 30'000);
    CHECK(rate.per_minute(begin + minute + 30'000) == Approx(16));
  }
  SECTION("later there is nothing of it") {
    CHECK(rate.per_minute(begin + 2 * minute) == 0);
    rate.note(begin + 5 * minute);
    CHECK(rate.per_minute(begin + 5 * minute) == 1);
  }
}

// SPDX-License-Identifier: MIT
#include "web/retry_schedule.hpp"

#include <catch2/catch.hpp>

using namespace greenroom::web;
using namespace std::chrono_literals;

TEST_CASE("retries: each pause is twice the last, up to the longest", "[web]") {
  const retry_schedule s{1s, 1min, 8};
  CHECK(s.pause_after(1, 1) == 1s);
  CHECK(s.pause_after(2, 1) == 2s);
  CHECK(s.pause_after(3, 1) == 4s);
  CHECK(s.pause_after(6, 1) == 32s);
  CHECK(s.pause_after(7, 1) == 1min);
  CHECK(s.pause_after(4'000'000'000U, 1) == 1min);
}

TEST_CASE("retries: chance takes away half of a pause at most", "[web]") {
  const retry_schedule s{1s, 1min, 8};
  for (std::uint32_t n = 1; n < 20; ++n) {
    CHECK(s.pause_after(n, 0) == s.pause_after(n, 1) / 2);
    CHECK(s.pause_after(n, 0.5) > s.pause_after(n, 0));
    CHECK(s.pause_after(n, 0.5) < s.pause_after(n, 1));
    CHECK(s.pause_after(n, 7) == s.pause_after(n, 1));
    CHECK(s.pause_after(n, -7) == s.pause_after(n, 0));
  }
}

TEST_CASE("retries: there are so many, and then no more", "[web]") {
  const retry_schedule s{1s, 1min, 2};
  CHECK(s.goes_on(1));
  CHECK(s.goes_on(2));
  CHECK_FALSE(s.goes_on(3));
  CHECK_FALSE(retry_schedule{1s, 1min, 0}.goes_on(1));
}

TEST_CASE("retries: what an answer means", "[web]") {
  for (const unsigned good : {200U, 201U, 202U, 204U, 299U})
    CHECK(judge(good) == verdict::delivered);
  for (const unsigned later : {0U, 100U, 199U, 408U, 425U, 429U, 500U, 502U, 503U, 504U, 599U})
    CHECK(judge(later) == verdict::again);
  for (const unsigned never : {301U, 302U, 307U, 308U, 400U, 401U, 404U, 410U})
    CHECK(judge(never) == verdict::never);
  CHECK(judge(0, true) == verdict::never);
}

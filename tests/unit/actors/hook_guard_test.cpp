// SPDX-License-Identifier: MIT
#include "actors/hook_guard.hpp"

#include <catch2/catch.hpp>

using namespace greenroom;
using namespace greenroom::actors;
using namespace std::chrono_literals;

namespace {

const std::string home = "192.0.2.7";
const login_guard::clock::time_point start{1h};

uuid hook(int number) {
  return uuid::v5(id_namespace, std::to_string(number));
}

}  // namespace

TEST_CASE("a webhook that is called on and on is refused, and no other one is") {
  hook_guard guard(3);
  for (int i = 0; i < 3; ++i) {
    CHECK_FALSE(guard.refused_ms(home, hook(1), start));
    guard.failed(home, hook(1), start);
  }
  const auto wait = guard.refused_ms(home, hook(1), start);
  REQUIRE(wait);
  CHECK(*wait == 20'000);
  CHECK_FALSE(guard.refused_ms(home, hook(2), start));
  CHECK_FALSE(guard.refused_ms("198.51.100.1", hook(1), start));
  CHECK_FALSE(guard.refused_ms(home, hook(1), start + 20s));
}

TEST_CASE("whoever tries many ids is refused them all") {
  hook_guard guard(3);
  for (int i = 0; i < 3; ++i) {
    CHECK_FALSE(guard.refused_ms(home, hook(i), start));
    guard.failed(home, hook(i), start);
  }
  CHECK(guard.refused_ms(home, hook(9), start));
  CHECK_FALSE(guard.refused_ms("198.51.100.1", hook(9), start));
  CHECK_FALSE(guard.refused_ms(home, hook(9), start + 20s));
}

TEST_CASE("what has failed long ago costs its address again") {
  hook_guard guard(2);
  guard.failed(home, hook(1), start);
  guard.failed(home, hook(2), start + 2min);
  guard.failed(home, hook(1), start + 2min);
  CHECK(guard.refused_ms(home, hook(3), start + 2min));
}

TEST_CASE("without a limit nobody is refused") {
  hook_guard guard(0);
  for (int i = 0; i < 100; ++i)
    guard.failed(home, hook(1), start);
  CHECK_FALSE(guard.refused_ms(home, hook(1), start));
}

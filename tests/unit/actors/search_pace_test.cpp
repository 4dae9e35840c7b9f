// SPDX-License-Identifier: MIT
#include "actors/search_pace.hpp"

#include <catch2/catch.hpp>

using namespace greenroom::actors;
using namespace std::chrono_literals;

namespace {

const search_pace::clock::time_point start{1h};

}  // namespace

TEST_CASE("who gets his processor goes on at once", "[search]") {
  search_pace pace;
  CHECK(pace.after_step(10ms, 10ms, start) == 0ms);
  CHECK(pace.after_step(50ms, 10ms, start) == 0ms);
}

TEST_CASE("where processors are full a fortieth of one is taken", "[search]") {
  search_pace pace;
  CHECK(pace.after_step(60ms, 10ms, start) == 400ms);
  CHECK(pace.after_step(900ms, 10ms, start) == 400ms);
  CHECK(pace.after_step(9s, 200ms, start) == search_pace::pause_max);
}

TEST_CASE("what is put off is taken in after two minutes", "[search]") {
  search_pace pace;
  CHECK(pace.after_step(100ms, 10ms, start) > 0ms);
  CHECK(pace.after_step(100ms, 10ms, start + 119s) > 0ms);
  CHECK(pace.after_step(100ms, 10ms, start + 120s) == 0ms);
  CHECK(pace.after_step(100ms, 10ms, start + 10min) == 0ms);

  SECTION("until nothing is left") {
    pace.up_to_date();
    CHECK(pace.after_step(100ms, 10ms, start + 11min) > 0ms);
    CHECK(pace.after_step(100ms, 10ms, start + 11min + 119s) > 0ms);
  }
  SECTION("also when processors were free meanwhile") {
    CHECK(pace.after_step(10ms, 10ms, start + 11min) == 0ms);
    CHECK(pace.after_step(100ms, 10ms, start + 12min) == 0ms);
  }
}

// SPDX-License-Identifier: MIT
#include "store/sync_pace.hpp"

#include <catch2/catch.hpp>

namespace greenroom::store::test {

TEST_CASE("the median of a few syncs is not told", "[store][sync_pace]") {
  sync_pace pace;
  for (int i = 0; i < 7; ++i)
    pace.add(1000, 100);
  CHECK(pace.median(100) == 0);
  pace.add(1000, 100);
  CHECK(pace.median(100) != 0);
}

TEST_CASE("the median is right to an eighth", "[store][sync_pace]") {
  for (std::uint64_t micros = 1; micros < 4'000'000'000; micros += 1 + micros / 3) {
    sync_pace pace;
    for (int i = 0; i < 20; ++i)
      pace.add(micros, 1);
    const auto found = pace.median(1);
    INFO(micros << " is told as " << found);
    CHECK(found + found / 7 + 1 >= micros);
    CHECK(found <= micros + micros / 7 + 1);
  }
}

TEST_CASE("a few slow syncs do not count, many do", "[store][sync_pace]") {
  sync_pace pace;
  for (int i = 0; i < 60; ++i)
    pace.add(2'000, 50);
  for (int i = 0; i < 40; ++i)
    pace.add(100'000, 51);
  CHECK(pace.median(51) < 3'000);
  for (int i = 0; i < 40; ++i)
    pace.add(100'000, 52);
  CHECK(pace.median(52) > 80'000);
}

TEST_CASE("what is older than ten seconds is forgotten", "[store][sync_pace]") {
  sync_pace pace;
  for (int i = 0; i < 100; ++i)
    pace.add(100'000, 20);
  CHECK(pace.median(29) > 80'000);
  CHECK(pace.median(30) == 0);
  // The slot is used again, also after a long rest.
  for (int i = 0; i < 10; ++i)
    pace.add(1'000, 120);
  CHECK(pace.median(120) < 1'200);
}

TEST_CASE("times beyond all measure are the largest", "[store][sync_pace]") {
  sync_pace pace;
  for (int i = 0; i < 10; ++i)
    pace.add(~std::uint64_t{0}, 3);
  CHECK(pace.median(3) > 3'000'000'000);
}

}  // namespace greenroom::store::test

// SPDX-License-Identifier: MIT
#include "telemetry/repeats.hpp"

#include <catch2/catch.hpp>
#include <utility>
#include <vector>

using namespace greenroom::telemetry;
using namespace std::chrono_literals;

namespace {

struct world {
  repeats lines;
  repeats::clock::time_point now{};
  std::vector<std::pair<std::string, std::uint64_t>> told;

  void note(const std::string& key, const std::string& text, unsigned per_minute = 1) {
    lines.note(
        key, per_minute,
        [this, text](std::uint64_t left_out) { told.emplace_back(text, left_out); }, now);
  }
};
using told = std::vector<std::pair<std::string, std::uint64_t>>;

}  // namespace

TEST_CASE("the first is told at once, the others are counted until the minute is over") {
  world w;
  for (int i = 0; i < 5; ++i)
    w.note("a", "line " + std::to_string(i));
  CHECK(w.told == told{{"line 0", 0}});
  w.now += 59s;
  w.lines.tell_overdue(w.now);
  CHECK(w.told.size() == 1);
  w.now += 1s;
  w.lines.tell_overdue(w.now);
  CHECK(w.told == told{{"line 0", 0}, {"line 4", 3}});
  // That was the line of this minute.
  w.note("a", "line 5");
  CHECK(w.told.size() == 2);
  w.now += 60s;
  w.note("a", "line 6");
  CHECK(w.told.back() == told::value_type{"line 6", 1});
  w.now += 60s;
  w.lines.tell_overdue(w.now);
  CHECK(w.told.size() == 3);
  CHECK(w.lines.keys() == 0);
}

TEST_CASE("keys do not count for each other, and some may have several lines a minute") {
  world w;
  for (int i = 0; i < 4; ++i) {
    w.note("a", "a");
    w.note("b", "b", 3);
  }
  CHECK(w.told == told{{"a", 0}, {"b", 0}, {"b", 0}, {"b", 0}});
}

TEST_CASE("whoever has many keys gets a bounded number of lines, and all are counted") {
  world w;
  constexpr std::uint64_t many = 10'000;
  for (std::uint64_t i = 0; i < many; ++i)
    w.note(std::to_string(i), "x");
  CHECK(w.told.size() <= 4097);
  CHECK(w.lines.keys() <= 4097);
  w.now += 60s;
  w.lines.tell_overdue(w.now);
  std::uint64_t all = 0;
  for (const auto& [text, left_out] : w.told)
    all += 1 + left_out;
  CHECK(all == many);
}

TEST_CASE("the end of a line says how many are missing") {
  CHECK(more_like_it(0).empty());
  CHECK(more_like_it(7) == " (and 7 more like it)");
}

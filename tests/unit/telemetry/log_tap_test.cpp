// SPDX-License-Identifier: MIT
#include "telemetry/log_tap.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <thread>

#include "telemetry/log.hpp"

using namespace greenroom::telemetry;
using namespace std::chrono_literals;
using level = spdlog::level::level_enum;

namespace {

const log_tap::clock::time_point begin{};

void say(log_tap& tap, level l, std::string_view text, std::string_view component = "net",
         log_tap::clock::time_point now = begin) {
  if (tap.wants(l)) tap.take(l, component, text, 1000, now);
}

std::vector<std::string> texts(const std::vector<tapped_line>& lines) {
  std::vector<std::string> found;
  for (const auto& line : lines)
    found.push_back(line.text);
  return found;
}

using strings = std::vector<std::string>;

}  // namespace

TEST_CASE("warnings and errors are kept, and nothing else while nobody listens", "[log_tap]") {
  log_tap tap;
  CHECK_FALSE(tap.wants(level::info));
  say(tap, level::info, "usual");
  say(tap, level::warn, "first", "raft");
  say(tap, level::err, "second");
  CHECK(texts(tap.kept({}, 20)) == strings{"first", "second"});
  CHECK(texts(tap.kept({}, 1)) == strings{"second"});
  CHECK(texts(tap.kept({level::err, "", ""}, 20)) == strings{"second"});
  CHECK(texts(tap.kept({level::trace, "raft", ""}, 20)) == strings{"first"});
  CHECK(texts(tap.kept({level::trace, "", "SECO"}, 20)) == strings{"second"});
  CHECK(tap.kept({level::trace, "", "third"}, 20).empty());
  for (std::size_t n = 0; n < log_tap::kept_max; ++n)
    say(tap, level::warn, std::to_string(n));
  const auto all = tap.kept({}, 10'000);
  CHECK(all.size() == log_tap::kept_max);
  CHECK(all.front().text == "0");
}

TEST_CASE("a listener gets what is kept, then every line that fits, once", "[log_tap]") {
  log_tap tap;
  say(tap, level::warn, "before");
  const tap_filter filter{level::debug, "net", ""};
  CHECK(texts(tap.read("a", filter, 5, begin)->lines) == strings{"before"});
  CHECK(tap.wants(level::trace));
  say(tap, level::trace, "too little");
  say(tap, level::debug, "right");
  say(tap, level::debug, "elsewhere", "raft");
  say(tap, level::err, "wrong");
  CHECK(texts(tap.read("b", {}, 0, begin)->lines).empty());
  const auto page = tap.read("a", filter, 5, begin + 1s);
  CHECK(texts(page->lines) == strings{"right", "wrong"});
  CHECK(page->dropped == 0);
  CHECK(page->lines.front().component == "net");
  CHECK(page->lines.front().level == level::debug);
  CHECK(tap.read("a", filter, 5, begin + 2s)->lines.empty());
}

TEST_CASE("who reads too slowly loses the oldest, and is told how many", "[log_tap]") {
  log_tap tap;
  REQUIRE(tap.read("a", {}, 0, begin));
  for (std::size_t n = 0; n < log_tap::lines_max + 3; ++n)
    say(tap, level::info, std::to_string(n));
  const auto page = tap.read("a", {}, 0, begin);
  CHECK(page->dropped == 3);
  CHECK(page->lines.size() == log_tap::lines_max);
  CHECK(page->lines.front().text == "3");
  CHECK(tap.read("a", {}, 0, begin)->dropped == 0);
}

TEST_CASE("a listener that does not come back is forgotten", "[log_tap]") {
  log_tap tap;
  REQUIRE(tap.read("a", {}, 0, begin));
  REQUIRE(tap.read("a", {}, 0, begin + 4s));
  say(tap, level::info, "still there", "net", begin + 8s);
  CHECK(tap.wants(level::info));
  say(tap, level::info, "nobody", "net", begin + 4s + log_tap::lease);
  CHECK_FALSE(tap.wants(level::info));
  CHECK(tap.read("a", {}, 0, begin + 10s)->lines.empty());
}

TEST_CASE("there are so many listeners and no more", "[log_tap]") {
  log_tap tap;
  for (std::size_t n = 0; n < log_tap::listeners_max; ++n)
    REQUIRE(tap.read(std::to_string(n), {}, 0, begin));
  CHECK_FALSE(tap.read("one more", {}, 0, begin + 1s));
  CHECK(tap.read("0", {}, 0, begin + 1s));
  CHECK(tap.read("one more", {}, 0, begin + log_tap::lease));
}

TEST_CASE("a long line is cut", "[log_tap]") {
  log_tap tap;
  say(tap, level::warn, std::string(5000, 'x'));
  const auto lines = tap.kept({}, 1);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].text == std::string(log_tap::text_bytes_max, 'x') + "…");
}

TEST_CASE("levels by name", "[log_tap]") {
  for (const auto* name : {"trace", "debug", "info", "warn", "error", "off"})
    CHECK(name_of_log_level(parse_log_level(name).value()) == name);
  CHECK_FALSE(parse_log_level("loud"));
  CHECK(name_of_log_level(level::critical) == "error");
}

TEST_CASE("what is logged is there to be followed, from any thread", "[log_tap]") {
  REQUIRE(set_log_level("", "info"));
  auto& tap = log_tap::instance();
  const tap_filter mine{level::info, "tap_test", ""};
  const auto now = log_tap::clock::now();
  REQUIRE(tap.read("test", mine, 0, now));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([] {
      for (int n = 0; n < 100; ++n)
        log("tap_test").info("line");
    });
  for (auto& t : threads)
    t.join();
  log("tap_test").debug("below the level of the log");
  CHECK(tap.read("test", mine, 0, now)->lines.size() == 400);
}

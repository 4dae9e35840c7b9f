// SPDX-License-Identifier: MIT
#include "cli/ordered_lines.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace greenroom;
using namespace std::chrono_literals;
using cli::ordered_lines;

namespace {

struct world {
  static ordered_lines::line line(std::string text, std::vector<uuid> people = {}) {
    return {std::move(people), [text] { return text; }};
  }
  std::vector<std::string> flush() {
    std::vector<std::string> out;
    lines.flush(
        now, [&](const uuid& u) { return known.contains(u); },
        [&](const std::string& l) { out.push_back(l); });
    return out;
  }
  ordered_lines lines;
  std::set<uuid> known;
  ordered_lines::clock::time_point now{1000s};
};

using texts = std::vector<std::string>;
const uuid carol = user_id_of("carol");

}  // namespace

TEST_CASE("a line waits for its names, and what follows waits for it") {
  world w;
  w.lines.add(world::line("one"), w.now);
  w.lines.add(world::line("two", {carol}), w.now);
  w.lines.add(world::line("three"), w.now);
  CHECK(w.flush() == texts{"one"});
  w.known.insert(carol);
  CHECK(w.flush() == texts{"two", "three"});
  CHECK(w.lines.empty());
}

TEST_CASE("a name that does not come delays nothing for long") {
  world w;
  w.lines.add(world::line("two", {carol}), w.now);
  w.now += ordered_lines::patience - 1ms;
  CHECK(w.flush().empty());
  w.now += 1ms;
  CHECK(w.flush() == texts{"two"});
}

TEST_CASE("a reserved place is filled before what came after it") {
  world w;
  const auto place = w.lines.reserve(w.now);
  w.lines.add(world::line("live"), w.now);
  CHECK(w.flush().empty());
  w.lines.fill(place, {world::line("old 1"), world::line("old 2")}, w.now);
  CHECK(w.flush() == texts{"old 1", "old 2", "live"});
}

TEST_CASE("a place that was given up is filled at the end") {
  world w;
  const auto place = w.lines.reserve(w.now);
  w.lines.add(world::line("live"), w.now);
  w.now += ordered_lines::patience;
  CHECK(w.flush() == texts{"live"});
  w.lines.fill(place, {world::line("old")}, w.now);
  CHECK(w.flush() == texts{"old"});
}

TEST_CASE("a line that is not needed any more is left out") {
  world w;
  w.lines.add({{}, []() -> std::optional<std::string> { return std::nullopt; }}, w.now);
  w.lines.add(world::line("next"), w.now);
  CHECK(w.flush() == texts{"next"});
}

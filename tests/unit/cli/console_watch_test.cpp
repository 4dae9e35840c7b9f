// SPDX-License-Identifier: MIT
#include "cli/console_watch.hpp"

#include <catch2/catch.hpp>

using namespace greenroom::cli;

TEST_CASE("only what has changed is drawn again", "[watch]") {
  CHECK(redraw({}, {"a", "b"}) == "\033[1;1Ha\033[K\033[2;1Hb\033[K");
  CHECK(redraw({"a", "b"}, {"a", "b"}).empty());
  CHECK(redraw({"a", "b", "c"}, {"a", "x", "c"}) == "\033[2;1Hx\033[K");
  CHECK(redraw({"a"}, {"a", "b"}) == "\033[2;1Hb\033[K");
  CHECK(redraw({"a", "b", "c"}, {"a"}) == "\033[2;1H\033[J");
}

TEST_CASE("no more lines than the screen has", "[watch]") {
  CHECK(screen_lines("a\nb\n", 5) == std::vector<std::string>{"a", "b"});
  CHECK(screen_lines("a\nb\nc\n", 3) == std::vector<std::string>{"a", "b", "c"});
  CHECK(screen_lines("a\nb\nc\nd\n", 3) == std::vector<std::string>{"a", "b", "… 2 more lines"});
  CHECK(screen_lines("", 3).empty());
}

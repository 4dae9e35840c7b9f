// SPDX-License-Identifier: MIT
#include "cli/text.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <string>

using namespace greenroom::cli;

TEST_CASE("control characters of others never reach the terminal", "[text]") {
  CHECK(printable("\x1b]0;title\x07") == "\\x1b]0;title\\x07");
  CHECK(printable("\x1b[2J") == "\\x1b[2J");
  CHECK(printable(std::string_view("a\0b", 3)) == "a\\x00b");
  CHECK(printable("a\rb\x7f") == "a\\x0db\\x7f");
  CHECK(printable("one\ntwo\t") == "one\\ntwo\\t");
  CHECK(printable("\xc2\x9b"
                  "31m") == "\\x9b31m");  // the one-character form of ESC [
}

TEST_CASE("characters that turn the text around are shown", "[text]") {
  CHECK(printable("a\xe2\x80\xae"
                  "b") == "a\\u202eb");
  CHECK(printable("\xe2\x81\xa6") == "\\u2066");
  CHECK(printable("\xe2\x80\xa8") == "\\u2028");
}

TEST_CASE("other text is left as it is", "[text]") {
  for (const std::string text : {"", "hello", "naïve café", "日本語", "שלום",
                                 "👩‍👩‍👧‍👦 🇩🇪", "e\u0301"}) {
    CHECK(printable(text) == text);
  }
}

TEST_CASE("broken UTF-8 becomes replacement characters", "[text]") {
  CHECK(printable("a\xff"
                  "b") == "a\uFFFDb");
  CHECK(printable("\xe2\x82") == "\uFFFD\uFFFD");
  CHECK(printable("\xed\xa0\x80") == "\uFFFD\uFFFD\uFFFD");
}

TEST_CASE("width is what a terminal shows", "[text]") {
  CHECK(width_of("") == 0);
  CHECK(width_of("hello") == 5);
  CHECK(width_of("日本語") == 6);
  CHECK(width_of("e\u0301") == 1);
  CHECK(width_of("👍") == 2);
  CHECK(width_of("👩‍👩‍👧‍👦") == 2);
  CHECK(width_of("👍🏽!") == 3);
  CHECK(width_of("❤️") == 2);
  CHECK(padded("日本", 6) == "日本  ");
  CHECK(padded("longer", 3) == "longer");
}

TEST_CASE("the nearest word is found, and no far one", "[text]") {
  constexpr std::array<std::string_view, 6> words{"join", "part", "history", "help", "who", "quit"};
  CHECK(nearest("jion", words) == "join");
  CHECK(nearest("histroy", words) == "history");
  CHECK(nearest("hist", words) == "history");
  CHECK(nearest("quitt", words) == "quit");
  CHECK(nearest("HELP", words).empty());
  CHECK(nearest("xyz", words).empty());
  CHECK(nearest("", words).empty());
  CHECK(nearest(std::string(100'000, 'j'), words).empty());
}

TEST_CASE("text is cut where it is drawn", "[text]") {
  CHECK(cut("abc", 3) == "abc");
  CHECK(cut("abcd", 3) == "ab…");
  CHECK(cut("abcd", 1) == "…");
  CHECK(cut("abcd", 0).empty());
  CHECK(cut("", 0).empty());
  CHECK(cut("日本語", 6) == "日本語");
  CHECK(cut("日本語", 5) == "日本…");
  CHECK(cut("日本語", 4) == "日…");
  CHECK(cut("e\u0301e\u0301e\u0301", 2) == "e\u0301…");
}

// SPDX-License-Identifier: MIT
#include "cli/words.hpp"

#include <catch2/catch.hpp>

using namespace greenroom::cli;

namespace {

using words = std::vector<std::string>;

}  // namespace

TEST_CASE("a line is words", "[words]") {
  CHECK(*split_words("") == words{});
  CHECK(*split_words("  nodes \n") == words{"nodes"});
  CHECK(*split_words("room show\tlobby") == words{"room", "show", "lobby"});
  CHECK(*split_words(R"(announce --room a "two  words" 'it''s' '' "")") ==
        words{"announce", "--room", "a", "two  words", "its", "", ""});
  CHECK(*split_words(R"(a\ b "c\"d" 'e\f')") == words{"a b", "c\"d", "e\\f"});
  CHECK(*split_words("x\"y z\"w") == words{"xy zw"});
  CHECK(*split_words("grüße 😀") == words{"grüße", "😀"});
}

TEST_CASE("what is not closed is an error", "[words]") {
  for (const auto* line : {"\"", "a 'b", "a\\", "\"a\\\"\n"}) {
    INFO(line);
    CHECK_FALSE(split_words(line));
  }
}

TEST_CASE("the word at the cursor", "[words]") {
  auto at = words_before("room sho");
  CHECK(at.before == words{"room"});
  CHECK(at.word == "sho");
  CHECK_FALSE(at.quoted);
  at = words_before("room show ");
  CHECK(at.before == words{"room", "show"});
  CHECK(at.word.empty());
  at = words_before("");
  CHECK(at.before.empty());
  CHECK(at.word.empty());
  CHECK(words_before("announce \"two w").quoted);
  CHECK_FALSE(words_before("announce \"two w\" n").quoted);
}

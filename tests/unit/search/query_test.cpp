// SPDX-License-Identifier: MIT
#include "search/query.hpp"

#include <catch2/catch.hpp>

using namespace greenroom;
using namespace greenroom::search;

namespace {

query must(std::string_view text) {
  const auto q = parse(text);
  INFO(text);
  REQUIRE(q.has_value());
  return *q;
}

std::string why(std::string_view text) {
  const auto q = parse(text);
  INFO(text);
  REQUIRE_FALSE(q.has_value());
  CHECK(q.error().code == ec::invalid_message);
  CHECK(q.error().details.field == "query");
  return q.error().message;
}

}  // namespace

TEST_CASE("words, phrases and beginnings of words") {
  using words = std::vector<query::word>;
  CHECK(must("tea").words == words{{"tea", true, false}});
  CHECK(must("  green   tea ").words == words{{"green", false, false}, {"tea", true, false}});
  CHECK(must("gre* tea").words == words{{"gre", true, false}, {"tea", true, false}});
  CHECK(must("\"see you\" soon \"bye\"").words ==
        words{{"see you", false, false}, {"soon", false, false}, {"bye", false, false}});
  CHECK(must("\"never closed").words == words{{"never closed", false, false}});
  CHECK(must("お茶 tea").words == words{{"お茶", false, true}, {"tea", true, false}});
}

TEST_CASE("filters") {
  const auto q =
      must("lunch from:@Alice in:#kitchen before:2026-01-31 after:2026-01-01 has:link has:image");
  CHECK(q.words.size() == 1);
  CHECK(q.from == user_id_of("alice"));
  CHECK(q.in == room_id_of_alias("kitchen"));
  CHECK(q.before == parse_time("2026-01-31T00:00:00Z"));
  CHECK(q.after == parse_time("2026-01-02T00:00:00Z"));
  CHECK(q.has ==
        (static_cast<std::uint8_t>(trait::link) | static_cast<std::uint8_t>(trait::image)));

  const auto id = user_id_of("bob");
  CHECK(must("from:" + id.str()).from == id);
  CHECK(must("in:" + id.str()).in == id);
  CHECK(must("after:2026-01-02T03:04:05Z").after == *parse_time("2026-01-02T03:04:05Z") + 1);
  // No filter, but words that have a colon.
  CHECK(must("note:this").words.front().text == "note:this");
  CHECK(must(":) hello").words.size() == 2);
  CHECK(must("has:link").words.empty());
}

TEST_CASE("an author is named, or given by id") {
  const auto id = user_id_of("bob").str();
  CHECK(must("tea from:bob").from_is_name);
  CHECK(must("from:@Bob").from_is_name);
  CHECK(must("from:" + id + " from:bob").from_is_name);
  CHECK_FALSE(must("from:" + id).from_is_name);
  CHECK_FALSE(must("from:@" + id + " tea").from_is_name);
  CHECK_FALSE(must("from:bob from:" + id).from_is_name);
  CHECK_FALSE(must("tea in:bob").from_is_name);
}

TEST_CASE("what cannot be looked for is refused, and says why") {
  CHECK(why("") == "query has nothing to look for");
  CHECK(why("   ") == "query has nothing to look for");
  CHECK(why("\"\"") == "query has nothing to look for");
  CHECK(why("from:") == "from: wants a name or an id");
  CHECK(why("in:b!d") == "in: wants a name or an id");
  CHECK(why("before:soon") == "before: wants a day (2026-01-31) or a time in RFC 3339");
  CHECK(why("has:everything") == "has: wants link, file, image, mention or reply");
  std::string many;
  for (int i = 0; i < 33; ++i)
    many += "w" + std::to_string(i) + " ";
  CHECK(why(many) == "more than 32 words");
}

TEST_CASE("scripts without spaces are known") {
  CHECK(has_unspaced("你好"));
  CHECK(has_unspaced("see ก"));
  CHECK(has_unspaced("한국어"));
  CHECK(has_unspaced("𠮷"));
  CHECK(has_unspaced("👋 мир, 好!"));
  CHECK_FALSE(has_unspaced("hello, мир, שלום, مرحبا, 👋🏽"));
  CHECK_FALSE(has_unspaced(""));
}

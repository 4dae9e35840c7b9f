// SPDX-License-Identifier: MIT
#include "actors/list_merge.hpp"

#include <catch2/catch.hpp>

using namespace greenroom;
using namespace greenroom::actors;

namespace {

struct item {
  unix_ms created_at = 0;
  uuid id;
  bool operator==(const item&) const = default;
};

item made(unix_ms at, std::uint8_t id) {
  item i{at, {}};
  i.id.bytes[15] = id;
  return i;
}

/// What a shard answers: up to `limit` + 1 after the cursor, having looked at `rows` at most.
struct shard {
  std::vector<item> directory;  ///< in the order of the list
  std::size_t rows = 1000;
  bool only_even = false;

  void answer(const std::optional<list_position>& after, std::size_t limit,
              std::vector<item>& items, std::vector<list_position>& stopped) const {
    std::size_t looked_at = 0;
    std::size_t found = 0;
    for (std::size_t i = 0; i < directory.size(); ++i) {
      const auto& one = directory[i];
      if (after && !is_listed_before(*after, position_of(one))) continue;
      ++looked_at;
      if (!only_even || one.id.bytes[15] % 2 == 0) {
        items.push_back(one);
        ++found;
      }
      if ((looked_at == rows || found == limit + 1) && i + 1 < directory.size()) {
        stopped.push_back(position_of(one));
        return;
      }
    }
  }
};

/// Walks the whole list, page by page.
std::vector<item> walk(const std::vector<shard>& shards, std::size_t limit) {
  std::vector<item> all;
  std::optional<list_position> after;
  for (int pages = 0; pages < 1000; ++pages) {
    std::vector<item> items;
    std::vector<list_position> stopped;
    for (const auto& s : shards)
      s.answer(after, limit, items, stopped);
    const auto page = merge_newest_first(std::move(items), stopped, limit);
    CHECK(page.items.size() <= limit);
    all.insert(all.end(), page.items.begin(), page.items.end());
    if (!page.next_cursor) return all;
    after = list_position::from(*page.next_cursor);
    REQUIRE(after.has_value());
  }
  FAIL("the list has no end");
  return all;
}

}  // namespace

TEST_CASE("pages of several shards hold everything once, newest first, then by id") {
  // Several of one moment in one shard and across shards.
  const shard one{{made(9, 1), made(7, 2), made(7, 6), made(7, 8), made(1, 3)}};
  const shard two{{made(7, 4), made(7, 5), made(2, 9)}};
  const std::vector<item> wanted{made(9, 1), made(7, 2), made(7, 4), made(7, 5),
                                 made(7, 6), made(7, 8), made(2, 9), made(1, 3)};
  for (const std::size_t limit : {1U, 2U, 3U, 7U, 8U, 50U}) {
    INFO("limit " << limit);
    CHECK(walk({one, two}, limit) == wanted);
  }
}

TEST_CASE("a shard that looked at all that it may holds back what the others found behind that") {
  shard many{{}, 3, true};
  for (std::uint8_t i = 0; i < 20; ++i)
    many.directory.push_back(made(100 - i, static_cast<std::uint8_t>(2 * i + (i < 15 ? 1 : 2))));
  const shard few{{made(99, 100), made(50, 102)}};
  const std::vector<item> wanted{made(99, 100),      many.directory[15], many.directory[16],
                                 many.directory[17], many.directory[18], many.directory[19],
                                 made(50, 102)};
  CHECK(walk({many, few}, 2) == wanted);

  std::vector<item> items;
  std::vector<list_position> stopped;
  many.answer({}, 2, items, stopped);
  few.answer({}, 2, items, stopped);
  const auto first = merge_newest_first(std::move(items), stopped, 2);
  CHECK(first.items == std::vector<item>{made(99, 100)});
  CHECK(first.next_cursor == position_of(many.directory[2]).text());
}

TEST_CASE("a list that is whole has no cursor") {
  const auto page = merge_newest_first<item>({made(1, 1), made(2, 2)}, {}, 2);
  CHECK(page.items == std::vector<item>{made(2, 2), made(1, 1)});
  CHECK_FALSE(page.next_cursor.has_value());
  CHECK_FALSE(merge_newest_first<item>({}, {}, 2).next_cursor.has_value());
}

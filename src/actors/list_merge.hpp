// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// One page of a list whose pieces came from many shards. Each shard walks its directory newest
/// first, then by id, and so does the whole. Pure.

#include <algorithm>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "actors/list_cursor.hpp"

namespace greenroom::actors {

/// The second time is 0 in lists that are ordered by when things were created.
using list_position = list_cursor<2>;

template <class Item>
list_position position_of(const Item& item) {
  return {{item.created_at, 0}, item.id};
}

/// Whether `a` comes before `b` in such a list.
inline bool is_listed_before(const list_position& a, const list_position& b) noexcept {
  return std::tie(b.times[0], a.id) < std::tie(a.times[0], b.id);
}

template <class Item>
struct merged_page {
  std::vector<Item> items;
  std::optional<std::string> next_cursor;  ///< there is more
};

/// `stopped`: where shards stopped although they have more. What lies behind the first of these
/// places is left for the next page, for that shard may have something in between; so a page can be
/// short, or empty, and not the last.
template <class Item>
merged_page<Item> merge_newest_first(std::vector<Item> items,
                                     const std::vector<list_position>& stopped, std::size_t limit) {
  std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
    return is_listed_before(position_of(a), position_of(b));
  });
  std::optional<list_position> more_after;
  if (!stopped.empty()) {
    more_after = *std::min_element(stopped.begin(), stopped.end(), is_listed_before);
    std::erase_if(
        items, [&](const Item& item) { return is_listed_before(*more_after, position_of(item)); });
  }
  if (items.size() > limit) {
    items.resize(limit);
    more_after = position_of(items.back());
  }
  merged_page<Item> page{std::move(items), {}};
  if (more_after) page.next_cursor = more_after->text();
  return page;
}

}  // namespace greenroom::actors

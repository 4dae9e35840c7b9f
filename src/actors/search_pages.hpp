// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Pages of what was found. The index is behind the store, so what it finds may be gone: a shard
/// goes on until it has a page of what is there, within limits. What comes of many shards is put
/// together so that no hit is passed over. Pure.

#include <cstddef>
#include <optional>
#include <vector>

#include "actors/list_cursor.hpp"
#include "protocol/answers.hpp"
#include "search/index.hpp"

namespace greenroom::actors {

using search_cursor = list_cursor<1>;

/// Pages of the index that one look-up reads at most.
constexpr std::size_t search_pages_max = 10;

/// What one shard has found.
struct found_page {
  std::vector<protocol::search_hit> hits;  ///< newest first
  /// Up to here it has looked, and there may be more after it; empty: that is all.
  std::optional<search_cursor> more;
};

/// `find(from, limit)` reads a page of the index; `show(hit)` is the hit as it is now, or nothing.
/// At most `limit` hits. An error of the first page is the answer; after it there is what was found
/// until then.
template <class Find, class Show>
expected<found_page> find_there(Find find, Show show, std::optional<search::position> from,
                                std::size_t limit) {
  found_page out;
  for (std::size_t page = 0; page < search_pages_max && out.hits.size() < limit; ++page) {
    const auto wanted = limit - out.hits.size();
    auto found = find(from, wanted);
    if (!found) {
      if (page == 0) {
        return tl::unexpected(found.error());
      }
      return out;
    }
    for (auto& h : *found) {
      from = search::position{h.created_at, h.id};
      if (auto shown = show(h)) {
        out.hits.push_back(std::move(*shown));
      }
    }
    if (found->size() < wanted) {
      out.more.reset();
      return out;
    }
    out.more = search_cursor{{from->created_at}, from->id};
  }
  return out;
}

/// What comes together of many shards.
class gathered_hits {
 public:
  explicit gathered_hits(std::size_t limit) : limit_(limit) {}

  /// An answer of one shard: its `next_cursor` says how far it has looked.
  void add(const protocol::search_response& found);
  /// The newest of all, at most `limit`, and the cursor after them if there may be more. No hit is
  /// behind what a shard has yet to look at, so a page may be short, or empty, with a cursor.
  [[nodiscard]] protocol::search_response page();

 private:
  std::size_t limit_;
  std::vector<protocol::search_hit> hits_;
  std::optional<search_cursor> more_;  ///< the newest of the places where shards have stopped
};

}  // namespace greenroom::actors

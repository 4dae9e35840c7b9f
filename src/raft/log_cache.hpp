// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The end of a replica's log in memory: everything that is not synced, and as much more as the
/// budget allows, because appliers and followers mostly want what is new. A group that rests keeps
/// nothing: everybody has it, and a node has a cache for each of its replicas.

#include <cstdint>
#include <deque>

#include "store/log.hpp"

namespace greenroom::raft {

class log_cache {
 public:
  explicit log_cache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  /// Indices without gaps. The first into an empty cache may be any.
  void append(const store::log_entry& e);
  void truncate(std::uint64_t from);
  /// Forgets all of it and gives the memory back. For when everything is synced and applied.
  void clear();
  /// Forgets the oldest beyond the budget, but nothing from `keep_from` on.
  void shrink(std::uint64_t keep_from);
  [[nodiscard]] const store::log_entry* find(std::uint64_t index) const noexcept;
  /// 0 when empty. Whatever comes before is on the disk, and only that.
  [[nodiscard]] std::uint64_t first_index() const noexcept {
    return entries_.empty() ? 0 : entries_.front().index;
  }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  std::deque<store::log_entry> entries_;
  std::size_t bytes_ = 0;
  std::size_t bytes_max_;
};

}  // namespace greenroom::raft

// SPDX-License-Identifier: MIT
#include "actors/replica_table.hpp"

#include <utility>

namespace greenroom::actors {

void replica_table::put(std::uint16_t shard, replica_view view) {
  const std::lock_guard lock(mutex_);
  views_.insert_or_assign(shard, std::move(view));
}

void replica_table::drop(std::uint16_t shard) {
  const std::lock_guard lock(mutex_);
  views_.erase(shard);
}

std::optional<replica_view> replica_table::get(std::uint16_t shard) const {
  const std::lock_guard lock(mutex_);
  const auto it = views_.find(shard);
  return it == views_.end() ? std::nullopt : std::optional(it->second);
}

std::map<std::uint16_t, replica_view> replica_table::all() const {
  const std::lock_guard lock(mutex_);
  return views_;
}

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Shards whose logs an operator wants cut now (`shard snapshot`): the state stands for what goes.
/// Between the admin actor, which wants it, and the shards, which do it at their next tick. Costs
/// a tick one relaxed load while there are none.

#include <atomic>
#include <cstdint>
#include <mutex>
#include <set>

namespace greenroom::actors {

/// Thread-safe.
class log_cuts {
 public:
  /// Of this process.
  static log_cuts& instance() {
    static log_cuts one;
    return one;
  }

  void want(std::uint16_t shard) {
    const std::lock_guard lock(mutex_);
    wanted_.insert(shard);
    count_.store(wanted_.size(), std::memory_order_relaxed);
  }
  /// Whether this one's is wanted; once.
  bool take(std::uint16_t shard) {
    if (count_.load(std::memory_order_relaxed) == 0) {
      return false;
    }
    const std::lock_guard lock(mutex_);
    const bool found = wanted_.erase(shard) > 0;
    count_.store(wanted_.size(), std::memory_order_relaxed);
    return found;
  }

 private:
  std::atomic<std::size_t> count_{0};
  std::mutex mutex_;
  std::set<std::uint16_t> wanted_;
};

}  // namespace greenroom::actors

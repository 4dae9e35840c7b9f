// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Rooms with new entries, and shards that are led here since a moment ago: for the full-text index
/// and for the sender of webhooks, of which each has one. Thread-safe; between leaders and who
/// takes them, so that an entry costs a leader no message. Bounded: beyond `rooms_max` only the
/// shard is remembered, all of whose rooms are looked at then.

#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <unordered_map>
#include <utility>

#include "protocol/uuid.hpp"

namespace greenroom::actors {

class room_feed {
 public:
  struct batch {
    std::unordered_map<uuid, std::uint16_t, uuid_hash> rooms;  ///< with their shards
    std::set<std::uint16_t> shards;                            ///< all rooms of these
    [[nodiscard]] bool empty() const { return rooms.empty() && shards.empty(); }
  };

  /// Called, on any thread, when there is something after there was nothing. Empty: nobody takes
  /// anything, so of rooms nothing is remembered; a taker looks at all that is led here when it
  /// begins, but for shards whose leaders have just become so and are not known as such yet.
  void set_taker(std::function<void()> wake) {
    const std::lock_guard lock(mutex_);
    wake_ = std::move(wake);
    next_.rooms.clear();
    if (wake_ && !next_.empty()) {
      wake_();
    }
  }
  /// A room has new entries.
  void touch(std::uint16_t shard, const uuid& room) {
    const std::lock_guard lock(mutex_);
    if (!wake_) {
      return;
    }
    add([&] {
      if (next_.rooms.size() < rooms_max) {
        next_.rooms.emplace(room, shard);
      } else {
        next_.shards.insert(shard);
      }
    });
  }
  /// A shard is led here now: whatever was written meanwhile is to be found here.
  void catch_up(std::uint16_t shard) {
    const std::lock_guard lock(mutex_);
    add([&] { next_.shards.insert(shard); });
  }
  batch take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(next_, {});
  }
  static constexpr std::size_t rooms_max = 10'000;

 private:
  template <class Change>
  void add(Change change) {
    const bool first = next_.empty();
    change();
    if (first && wake_) {
      wake_();
    }
  }

  std::mutex mutex_;
  std::function<void()> wake_;
  batch next_;
};

}  // namespace greenroom::actors

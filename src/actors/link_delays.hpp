// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Rehearsals: what this node says to another comes late, as over a long or bad line. Set only by
/// the console's `chaos delay link`, which the configuration must allow. Costs one relaxed load a
/// frame while there is none; ends by itself.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "protocol/uuid.hpp"

namespace greenroom::actors {

/// Thread-safe.
class link_delays {
 public:
  using clock = std::chrono::steady_clock;
  using ms = std::chrono::milliseconds;

  /// Of this process.
  static link_delays& instance();

  /// From `now` until `until` all frames for `peer` wait so long; in the place of an earlier one.
  /// 0 ends it.
  void set(const uuid& peer, ms delay, clock::time_point until, clock::time_point now);
  /// What a frame for `peer` has to wait.
  [[nodiscard]] ms of(const uuid& peer, clock::time_point now);

  struct view {
    uuid peer;
    ms delay{0};
    ms left{0};
  };
  [[nodiscard]] std::vector<view> all(clock::time_point now) const;

 private:
  struct entry {
    ms delay{0};
    clock::time_point until;
  };
  std::atomic<std::size_t> count_{0};
  mutable std::mutex mutex_;
  std::unordered_map<uuid, entry, uuid_hash> entries_;
};

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Token buckets per user on this node, shared by all his connections and HTTP calls. What he takes
/// here is told to the other nodes (cluster_changes.cpp), which charge it to their buckets of his,
/// so that several nodes give him no more than one. Taking asks nobody: until the others are told
/// he can have taken too much, and owes it; in the long run nobody gets more than the limit.

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "protocol/requests.hpp"
#include "protocol/uuid.hpp"

namespace greenroom::actors {

/// What somebody has taken on one node since that was last told.
struct taken {
  uuid user;
  std::uint32_t count = 0;
  bool operator==(const taken&) const = default;
};

/// Thread-safe; forgets users whose buckets are full again.
class rate_limiter {
 public:
  /// `per_minute` 0: no limit.
  explicit rate_limiter(std::uint32_t per_minute = 0) : per_minute_(per_minute) {}

  /// Takes one token, or says after how many milliseconds there will be one.
  std::optional<std::int64_t> take(const uuid& user, std::chrono::steady_clock::time_point now);
  /// Of at most `max` users what the other nodes are to be told; the rest is left for the next
  /// time. Less than a twentieth of the limit is not worth telling, and waits until it is more.
  std::vector<taken> untold(std::size_t max);
  /// Was taken on another node. The bucket may owe up to eight minutes' worth.
  void charge(const taken& there, std::chrono::steady_clock::time_point now);
  /// Buckets that are remembered, and how many have been looked at so far to forget some.
  struct upkeep {
    std::size_t remembered = 0;
    std::uint64_t looked_at = 0;
  };
  [[nodiscard]] upkeep kept();

 private:
  struct bucket {
    double tokens = 0;
    std::chrono::steady_clock::time_point at;
    std::uint32_t untold = 0;
  };
  static constexpr std::size_t stripes = 16;
  static constexpr std::size_t sweep_above = 4096;
  struct stripe {
    std::mutex mutex;
    std::unordered_map<uuid, bucket, uuid_hash> buckets;
    std::size_t sweep_at = sweep_above;
    std::uint64_t looked_at = 0;
    std::vector<uuid> due;  ///< of whom there is enough to be told, each once
  };
  stripe& stripe_of(const uuid& user);
  /// As it is now, in a stripe that is locked.
  bucket& look(stripe& s, const uuid& user, std::chrono::steady_clock::time_point now) const;

  const std::uint32_t per_minute_;
  stripe stripes_[stripes];
};

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Token buckets per user and class on this node, shared by all his connections and HTTP calls.

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "protocol/requests.hpp"
#include "protocol/uuid.hpp"

namespace greenroom::actors {

/// Thread-safe; forgets users whose buckets are full again.
class rate_limiter {
 public:
  /// `per_minute` 0: no limit.
  explicit rate_limiter(std::uint32_t per_minute = 0) : per_minute_(per_minute) {}

  /// Takes one token, or says after how many milliseconds there will be one.
  std::optional<std::int64_t> take(const uuid& user, std::chrono::steady_clock::time_point now);

 private:
  struct bucket {
    double tokens = 0;
    std::chrono::steady_clock::time_point at;
  };
  static constexpr std::size_t stripes = 16;
  struct stripe {
    std::mutex mutex;
    std::unordered_map<uuid, bucket, uuid_hash> buckets;
  };
  const std::uint32_t per_minute_;
  stripe stripes_[stripes];
};

}  // namespace greenroom::actors

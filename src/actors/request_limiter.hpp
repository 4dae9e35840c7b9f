// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// How often one may ask for what changes nothing that is kept: reads, marks, typing, presence. Of
/// this node, shared by all connections and HTTP calls of a person, each type of request by itself,
/// by `limits.requests_per_minute`. What changes something is counted by rate_limiter.hpp.
///
/// Other nodes are not told, unlike there: this limit is for the sake of a node, not of those who
/// would get too many messages, and is so wide that no honest client meets it. Marks are the most
/// frequent thing that clients do, so telling of them would cost more than it could save: somebody
/// on three nodes gets three times the limit, of three nodes.

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "protocol/uuid.hpp"

namespace greenroom::actors {

/// Thread-safe. Asking takes one lock, and allocates only for somebody who is not known yet;
/// whoever has asked for nothing lately is forgotten.
class request_limiter {
 public:
  /// Types that are told apart: the numbers of the request table, and 0 for all that is not in it.
  static constexpr std::uint16_t kinds = 40;

  /// `per_minute` 0: no limit. Another one that was taken over while the node runs counts instead.
  explicit request_limiter(std::uint32_t per_minute = 0) : per_minute_(per_minute) {}

  /// Takes one of a minute's worth, or says after how many milliseconds (1 to 60,000) there will be
  /// one. A `kind` beyond the table counts as 0. What is more work counts as `cost` of them, but
  /// never as more than there are in a minute.
  std::optional<std::int64_t> take(const uuid& user, std::uint16_t kind,
                                   std::chrono::steady_clock::time_point now,
                                   std::uint32_t cost = 1);
  /// People who are remembered.
  [[nodiscard]] std::size_t people();

 private:
  using ns = std::chrono::nanoseconds;
  /// A bucket is known by when it will be full again: each request puts that off by its share of a
  /// minute, and when it is a minute from now the bucket is empty.
  struct person {
    std::array<ns, kinds> full_at{};
    ns all_full_at{};
  };
  static constexpr std::size_t stripes = 16;
  static constexpr std::size_t sweep_above = 1024;
  struct stripe {
    std::mutex mutex;
    std::unordered_map<uuid, person, uuid_hash> people;
    std::size_t sweep_at = sweep_above;
  };
  /// In a stripe that is locked.
  static person& look(stripe& s, const uuid& user, ns now);

  const std::uint32_t per_minute_;
  std::array<stripe, stripes> stripes_;
};

}  // namespace greenroom::actors

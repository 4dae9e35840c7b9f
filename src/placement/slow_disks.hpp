// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// A node whose disk is much slower than those of the others shall not lead: each write of a shard
/// waits for its leader, and for only half of the other replicas. Here are the decisions; pure, or
/// with nothing but a memory of times.
///
/// A disk is slow by comparison: when all are, handing over helps nobody. It becomes slow within
/// seconds and well only after a minute, so that one on the border does not move leaders to and
/// fro.

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "protocol/uuid.hpp"

namespace greenroom::placement {

/// Median time of a sync of the log over the last seconds, in microseconds; 0: too few to tell.
using sync_us = std::uint64_t;

struct slow_disk_limits {
  sync_us at_least = 20'000;     ///< below it no disk is slow
  std::uint64_t times = 5;       ///< slow: more than so many times that of the peers
  std::uint64_t well_times = 2;  ///< well: less than so many times, or below half of at_least
  std::chrono::milliseconds slow_for{3'000};  ///< before it counts as slow
  std::chrono::milliseconds well_for{60'000};
};

enum class disk_sign : std::uint8_t { slow, unclear, well };

/// One look. `peers` are compared by the slower half's best: with two of them, the slower one, so
/// that of three nodes two slow ones are no reason to move. A disk that has nothing to write is
/// well; without peers that say anything it is unclear.
disk_sign sign_of(sync_us own, std::span<const sync_us> peers, const slow_disk_limits& limits = {});

/// What a node thinks of its own disk. Not thread-safe.
class disk_judge {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  explicit disk_judge(const slow_disk_limits& limits = {}) : limits_(limits) {}

  /// Asked a few times a second. True: the disk is slow.
  bool look(sync_us own, std::span<const sync_us> peers, time_point now);
  [[nodiscard]] bool slow() const noexcept { return slow_; }

 private:
  slow_disk_limits limits_;
  bool slow_ = false;
  std::optional<time_point> other_since_;  ///< the signs say the opposite of slow_ since then
};

/// So many moves in any minute. Not thread-safe.
class move_allowance {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  explicit move_allowance(std::size_t per_minute) : per_minute_(per_minute) {}
  /// False: not now.
  bool take(time_point now);

 private:
  std::size_t per_minute_;
  std::deque<time_point> taken_;
};

struct other_replica {
  uuid node;
  bool well = false;  ///< linked, not drained, its disk not slow
};

/// Who shall lead instead of a node whose disk is slow, of the shard's other voters in the order
/// of preference. Nobody, unless those that are well are a majority of all voters: otherwise each
/// write waits for a slow one in any case.
std::optional<uuid> leader_instead(std::span<const other_replica> others);
/// The same; those that are in `order` are preferred in that order.
std::optional<uuid> leader_instead(std::vector<other_replica> others, std::span<const uuid> order);

}  // namespace greenroom::placement

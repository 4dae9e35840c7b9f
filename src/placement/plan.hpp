// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What the map should become next: nodes that are gone are replaced, those that leave are emptied,
/// those that joined get their share, a few shards at a time.
///
/// Pure. Asked again and again by the leader of the map; without anything to do it says nothing.

#include <functional>
#include <vector>

#include "placement/cluster_map.hpp"

namespace greenroom::placement {

struct plan_options {
  /// Whether a node runs; unknown nodes do not. A shard is only given to nodes that run.
  std::function<bool(const uuid&)> runs;
  /// Also evens out what is well where it is. Repairs happen in any case.
  bool balance = true;
  /// Shards that may be on their way at once: each costs a copy of its state.
  std::size_t moving_max = 2;
};

/// In this order, and never more than moving_max shards under way:
///  1. a node that leaves and keeps nothing has left;
///  2. a shard that waits for a node that does not run goes to another, or stays where it is;
///  3. replicas of nodes that were replaced or leave are given to others, or up to fewer nodes if
///     there are no others;
///  4. shards with too few replicas get more;
///  5. if balance: replicas, then leaders, move from those that have most to those that have least.
/// What an operator has placed (shard_placement::pinned_at) is looked after by 2 to 4, and is none
/// that 5 moves.
std::vector<command> plan(const cluster_map& map, const plan_options& options);

/// What the plan comes to, when nothing else happens meanwhile.
struct outlook {
  std::size_t replicas = 0;  ///< that are made on another node
  std::size_t leaders = 0;   ///< shards that another node shall lead
  [[nodiscard]] bool is_even() const noexcept { return replicas == 0 && leaders == 0; }
};
/// `options.moving_max` does not count: all of it is looked at, not the next step.
outlook foresee(const cluster_map& map, plan_options options);

/// The replicas of the shard with `to` as its leader. If `to` keeps no replica yet, it takes the
/// place of `from`; when that is nil, of the one with the most shards. CONFLICT where that cannot
/// be; INVALID_MESSAGE with the field where a shard or node is unknown.
expected<assign_shard> moved(const cluster_map& map, std::uint16_t shard, const uuid& to,
                             const uuid& from);

}  // namespace greenroom::placement

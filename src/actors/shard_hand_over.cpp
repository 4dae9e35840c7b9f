// SPDX-License-Identifier: MIT
/// When a leader hands over, and to whom.

#include <algorithm>

#include "actors/heir.hpp"
#include "actors/map_shard.hpp"
#include "actors/shard.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

constexpr auto hand_over_again = 10s;
constexpr auto hand_over_draining = 250ms;
constexpr auto hand_over_slow = 2s;

}  // namespace

/// A node that can lead, and is not on its way out or slow.
bool shard::can_lead(const placement::cluster_map& map, const node_id& node,
                     clock::time_point now) const {
  const auto since = env_->board.up_since(node);
  return since && now - *since >= hand_over_after && !placement::steps_back(map, node) &&
         !env_->paces.is_bad(node);
}

/// Leaders are spread over the nodes by the map; after failures they return to where they belong:
/// to the first replica that runs and does not step back.
void shard::hand_over(clock::time_point now) {
  if (!open_ || now < next_hand_over_ || voters_ == 1) {
    return;
  }
  const auto map = env_->board.routes()->map;
  const auto* placed = map ? placement::find_shard(*map, number_) : nullptr;
  if (draining_ || (map && placement::steps_back(*map, env_->board.self()))) {
    next_hand_over_ = now + hand_over_draining;
    const auto to =
        map ? first_heir(heirs(*env_, *map, replica_->group(), names_of_servers_)) : std::nullopt;
    // A node that ends has nothing to lose: anybody, then.
    if (to || draining_) {
      drive([&] { (void)replica_->transfer(to.value_or(0), steady_now()); });
    }
    return;
  }
  if (placed == nullptr) {
    return;
  }
  if (env_->paces.self_is_bad()) {
    if (const auto to = quicker_node(now, *map, *placed)) {
      next_hand_over_ = now + hand_over_slow;
      if (env_->paces.may_move(now)) {
        drive([&] { (void)replica_->transfer(server_id_of(*to), steady_now()); });
      }
    }
    return;
  }
  for (const auto& node : placed->replicas) {
    if (node == env_->board.self()) {
      return;
    }
    if (can_lead(*map, node, now)) {
      next_hand_over_ = now + hand_over_again;
      drive([&] { (void)replica_->transfer(server_id_of(node), steady_now()); });
      return;
    }
  }
}

/// Who shall lead as long as this node's disk is slow or damaged (disk_paces.hpp): of the voters,
/// in the order of the map.
std::optional<node_id> shard::quicker_node(clock::time_point now, const placement::cluster_map& map,
                                           const placement::shard_placement& placed) {
  std::vector<placement::other_replica> others;
  for (const auto& s : replica_->group().servers) {
    const auto node = names_of_servers_.node_of(s.id);
    if (s.voter && node != env_->board.self()) {
      others.push_back({node, !node.is_nil() && can_lead(map, node, now)});
    }
  }
  const auto place = [&](const placement::other_replica& o) {
    return std::find(placed.replicas.begin(), placed.replicas.end(), o.node);
  };
  std::stable_sort(others.begin(), others.end(),
                   [&](const auto& a, const auto& b) { return place(a) < place(b); });
  return placement::leader_instead(others);
}

}  // namespace greenroom::actors

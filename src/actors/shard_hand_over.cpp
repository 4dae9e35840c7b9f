// SPDX-License-Identifier: MIT
/// When a leader hands over, and to whom.

#include "actors/heir.hpp"
#include "actors/map_shard.hpp"
#include "actors/shard.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

constexpr auto hand_over_again = 10s;
constexpr auto hand_over_draining = 250ms;

}  // namespace

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
    if (const auto to =
            quicker_node(*env_, *map, *placed, replica_->group(), names_of_servers_, now)) {
      next_hand_over_ = now + hand_over_slow;
      if (env_->paces.may_move(now)) {
        drive([&] { (void)replica_->transfer(server_id_of(*to), steady_now()); });
      }
    }
    return;
  }
  // Each leader waits to hear who is there before it says who is not: one that goes before that
  // makes everybody wait for the next one, and who has gone seems to be there for so much longer.
  if (now < settled_at_) {
    return;
  }
  for (const auto& node : placed->replicas) {
    if (node == env_->board.self()) {
      return;
    }
    if (can_lead(*env_, *map, node, now)) {
      next_hand_over_ = now + hand_over_again;
      drive([&] { (void)replica_->transfer(server_id_of(node), steady_now()); });
      return;
    }
  }
}

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#include "actors/heir.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace greenroom::actors {

std::vector<heir> heirs(const environment& env, const placement::cluster_map& map,
                        const raft::group_status& group, server_names& names) {
  std::vector<heir> all;
  for (const auto& s : group.servers) {
    const auto node = names.node_of(s.id);
    if (s.voter && !node.is_nil() && node != env.board.self() && env.board.up_since(node) &&
        !placement::steps_back(map, node)) {
      all.push_back({s.id, s.match_index, !env.paces.is_bad(node)});
    }
  }
  return all;
}

bool can_lead(const environment& env, const placement::cluster_map& map, const node_id& node,
              std::chrono::steady_clock::time_point now) {
  const auto since = env.board.up_since(node);
  return since && now - *since >= hand_over_after && !placement::steps_back(map, node) &&
         !env.paces.is_bad(node);
}

std::optional<node_id> quicker_node(const environment& env, const placement::cluster_map& map,
                                    const placement::shard_placement& placed,
                                    const raft::group_status& group, server_names& names,
                                    std::chrono::steady_clock::time_point now) {
  std::vector<placement::other_replica> others;
  for (const auto& s : group.servers) {
    const auto node = names.node_of(s.id);
    if (s.voter && node != env.board.self()) {
      others.push_back({node, !node.is_nil() && can_lead(env, map, node, now)});
    }
  }
  return placement::leader_instead(std::move(others), placed.replicas);
}

std::optional<raft::server_id> first_heir(std::span<const heir> all) {
  const auto best = std::ranges::max_element(
      all, {}, [](const heir& h) { return std::tuple(h.well, h.match_index); });
  return best == all.end() ? std::nullopt : std::optional(best->id);
}

}  // namespace greenroom::actors

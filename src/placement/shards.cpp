// SPDX-License-Identifier: MIT

// Shards: where their replicas shall be, and where they are.

#include <algorithm>

#include "placement/rules.hpp"

namespace greenroom::placement::rules {

namespace {

bool has(const std::vector<uuid>& nodes, const uuid& id) {
  return std::find(nodes.begin(), nodes.end(), id) != nodes.end();
}

/// A list of different nodes that are all known.
expected<void> check_list(const cluster_map& map, const std::vector<uuid>& nodes,
                          const std::string& field, std::size_t max) {
  if (nodes.empty() || nodes.size() > max)
    return invalid_field(field, "1 to " + std::to_string(max) + " nodes");
  for (auto it = nodes.begin(); it != nodes.end(); ++it) {
    if (!find_node(map, *it)) return invalid_field(field, "there is no node with this id");
    if (std::find(nodes.begin(), it, *it) != it)
      return invalid_field(field, "a node is named twice");
  }
  return {};
}

shard_placement* placed(cluster_map& map, std::uint16_t shard) {
  return shard < map.shards.size() && !map.shards[shard].replicas.empty() ? &map.shards[shard]
                                                                          : nullptr;
}

/// The shard, if its replicas may be there.
expected<shard_placement*> assignable(cluster_map& map, std::uint16_t shard,
                                      const std::vector<uuid>& replicas) {
  auto* s = placed(map, shard);
  if (!s) return invalid_field("shard", "there is no such shard, or it is not placed yet");
  if (auto ok = check_list(map, replicas, "replicas", replicas_max); !ok)
    return unexpected(ok.error());
  for (const auto& id : replicas) {
    const auto* n = find_node(map, id);
    if (n->state != node_state::active && !has(s->replicas, id) && !has(s->group, id))
      return fail(ec::conflict, n->name + " is not active");
  }
  return s;
}

}  // namespace

expected<applied> decide(const assign_shard& c, cluster_map& map) {
  const auto found = assignable(map, c.shard, c.replicas);
  if (!found) return unexpected(found.error());
  auto& s = **found;
  if (s.replicas == c.replicas) return applied{};
  if (s.replicas.front() != c.replicas.front()) s.pinned_at = 0;
  s.replicas = c.replicas;
  return applied{true, {}, {}};
}

expected<applied> decide(const pin_shard& c, cluster_map& map) {
  if (c.at == 0) return invalid_field("at", "it is pinned at some time");
  const auto found = assignable(map, c.shard, c.replicas);
  if (!found) return unexpected(found.error());
  auto& s = **found;
  if (s.replicas == c.replicas && s.pinned_at != 0) return applied{};
  s.replicas = c.replicas;
  s.pinned_at = c.at;
  return applied{true, {}, {}};
}

expected<applied> decide(const unpin_shards& c, cluster_map& map) {
  for (const auto shard : c.shards) {
    if (!placed(map, shard))
      return invalid_field("shards", "there is no such shard, or it is not placed yet");
  }
  applied done;
  for (auto& s : map.shards) {
    const bool meant =
        c.shards.empty() || std::find(c.shards.begin(), c.shards.end(), s.shard) != c.shards.end();
    if (!meant || s.pinned_at == 0) continue;
    s.pinned_at = 0;
    done.changed = true;
  }
  return done;
}

expected<applied> decide(const report_group& c, cluster_map& map) {
  auto* s = placed(map, c.shard);
  if (!s) return invalid_field("shard", "there is no such shard, or it is not placed yet");
  // A group has one more while one takes the place of another.
  if (auto ok = check_list(map, c.nodes, "nodes", 2 * replicas_max); !ok)
    return unexpected(ok.error());
  if (c.index < s->group_index) return fail(ec::conflict, "a later report is known");
  if (s->group == c.nodes && s->group_index == c.index) return applied{};
  s->group = c.nodes;
  s->group_index = c.index;
  return applied{true, {}, {}};
}

}  // namespace greenroom::placement::rules

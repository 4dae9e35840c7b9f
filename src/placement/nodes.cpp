// SPDX-License-Identifier: MIT

// Nodes: who belongs to the cluster.

#include <algorithm>

#include "placement/rules.hpp"

namespace greenroom::placement::rules {

namespace {

node_info* find(cluster_map& map, const uuid& id) {
  const auto it = std::find_if(map.members.begin(), map.members.end(),
                               [&](const node_info& n) { return n.id == id; });
  return it == map.members.end() ? nullptr : &*it;
}

/// Whether it keeps replicas, or shall.
bool keeps_any(const cluster_map& map, const uuid& id) {
  return std::any_of(map.shards.begin(), map.shards.end(), [&](const shard_placement& s) {
    return std::find(s.replicas.begin(), s.replicas.end(), id) != s.replicas.end() ||
           std::find(s.group.begin(), s.group.end(), id) != s.group.end();
  });
}

/// Another present member at this address; a cluster of one has none.
node_info* other_at(cluster_map& map, const std::string& address, const uuid& id) {
  if (address.empty()) return nullptr;
  const auto* found = find_address(map, address);
  return found && found->id != id ? find(map, found->id) : nullptr;
}

/// A node that is back. What it was told before (when it joined) stays.
expected<applied> come_back(const join_node& c, cluster_map& map, node_info& known) {
  if (known.state == node_state::replaced)
    return fail(ec::conflict, "this node was replaced by another one at its address");
  if (known.state == node_state::left) return fail(ec::conflict, "this node was decommissioned");
  if (other_at(map, c.node.address, known.id))
    return fail(ec::conflict, "another node has this address");
  auto updated = known;
  updated.name = c.node.name;
  updated.address = c.node.address;
  updated.version = c.node.version;
  // An active node that asks again is still active, one that drains still drains.
  if (known.state == node_state::joining) updated.state = c.node.state;
  if (updated == known) return applied{};
  known = std::move(updated);
  return applied{true, {}, {}};
}

/// Whether the state of a node may become `to`.
expected<void> check_state(const cluster_map& map, const node_info& n, node_state to) {
  if (to == n.state) return {};
  if (n.state == node_state::replaced) return fail(ec::conflict, "this node was replaced");
  if (n.state == node_state::left) return fail(ec::conflict, "this node was decommissioned");
  switch (to) {
    case node_state::active:
      return {};
    case node_state::draining:
      if (n.state == node_state::joining) return fail(ec::conflict, "this node is still joining");
      return {};
    case node_state::left:
      if (n.state != node_state::leaving)
        return fail(ec::conflict, "this node has to be decommissioned first");
      if (keeps_any(map, n.id)) return fail(ec::conflict, "this node still keeps shards");
      return {};
    case node_state::joining:
    case node_state::replaced:
    case node_state::leaving:
      break;
  }
  return invalid_field("state", "active, draining or left");
}

/// Room for one more; the oldest one that is gone for good and keeps no shards is forgotten.
bool make_room(cluster_map& map) {
  if (map.members.size() < members_max) return true;
  const auto gone = std::find_if(map.members.begin(), map.members.end(), [&](const node_info& n) {
    return !is_present(n.state) && !keeps_any(map, n.id);
  });
  if (gone == map.members.end()) return false;
  map.members.erase(gone);
  return true;
}

}  // namespace

expected<void> check_node(const node_info& n, const std::string& field) {
  if (n.id.is_nil()) return invalid_field(field + ".id", "a node has an id");
  if (n.name.size() > text_bytes_max) return too_large(field + ".name", text_bytes_max);
  if (n.address.size() > text_bytes_max) return too_large(field + ".address", text_bytes_max);
  if (n.version.size() > text_bytes_max) return too_large(field + ".version", text_bytes_max);
  return {};
}

expected<applied> decide(const join_node& c, cluster_map& map) {
  if (auto ok = check_node(c.node, "node"); !ok) return unexpected(ok.error());
  if (c.node.address.empty())
    return invalid_field("node.address", "a node that joins can be reached");
  if (c.node.state != node_state::joining && c.node.state != node_state::active)
    return invalid_field("node.state", "joining or active");
  if (auto* known = find(map, c.node.id)) return come_back(c, map, *known);
  if (!make_room(map)) return fail(ec::conflict, "too many nodes");

  applied done{true, {}, {}};
  if (auto* old = other_at(map, c.node.address, c.node.id)) {
    old->state = node_state::replaced;
    done.replaced.push_back(old->id);
  }
  map.members.push_back(c.node);
  return done;
}

expected<applied> decide(const update_node& c, cluster_map& map) {
  auto* known = find(map, c.id);
  if (!known) return invalid_field("id", "there is no node with this id");
  auto updated = *known;
  if (c.address) updated.address = *c.address;
  if (c.version) updated.version = *c.version;
  if (c.state) updated.state = *c.state;
  if (auto ok = check_node(updated, "node"); !ok) return unexpected(ok.error());
  if (auto ok = check_state(map, *known, updated.state); !ok) return unexpected(ok.error());
  if (is_present(updated.state) && other_at(map, updated.address, c.id))
    return fail(ec::conflict, "another node has this address");
  if (updated == *known) return applied{};
  *known = std::move(updated);
  return applied{true, {}, {}};
}

expected<applied> decide(const decommission_node& c, cluster_map& map) {
  auto* known = find(map, c.id);
  if (!known) return invalid_field("id", "there is no node with this id");
  if (known->state == node_state::left || known->state == node_state::leaving) return applied{};
  if (known->state == node_state::replaced) return fail(ec::conflict, "this node was replaced");
  const auto others = count_active(map) - (known->state == node_state::active ? 1 : 0);
  if (others == 0) return fail(ec::conflict, "no other node could take over what it keeps");
  const auto has = std::max_element(map.shards.begin(), map.shards.end(),
                                    [](const shard_placement& a, const shard_placement& b) {
                                      return a.replicas.size() < b.replicas.size();
                                    })
                       ->replicas.size();
  const auto left = replicas_with(map.replicas, others);
  if (left < has && !c.fewer_replicas)
    return fail(ec::conflict, "with " + std::to_string(others) + " other nodes shards would have " +
                                  std::to_string(left) + " replicas instead of " +
                                  std::to_string(has));
  known->state = node_state::leaving;
  return applied{true, {}, {}};
}

}  // namespace greenroom::placement::rules

// SPDX-License-Identifier: MIT
#include <algorithm>

#include "placement/cluster_map.hpp"
#include "placement/rules.hpp"

namespace greenroom::placement {

expected<applied> apply(const command& c, cluster_map& map) {
  const bool forms = std::holds_alternative<form_cluster>(c);
  if (map.cluster_id.is_nil() && !forms) return fail(ec::conflict, "the cluster is not formed yet");
  auto result = std::visit([&](const auto& data) { return rules::decide(data, map); }, c);
  if (result && result->changed) ++map.epoch;
  return result;
}

}  // namespace greenroom::placement

namespace greenroom::placement::rules {

namespace {

expected<void> check_key(const signing_key& k, const std::string& field) {
  if (k.id.empty() || k.id.size() > text_bytes_max)
    return invalid_field(field + ".id", "a key has an id of at most 255 bytes");
  if (k.secret.size() != key_secret_bytes)
    return invalid_field(field + ".secret", "a key has 32 bytes");
  return {};
}

expected<void> check(const form_cluster& c) {
  if (c.cluster_id.is_nil()) return invalid_field("cluster_id", "a cluster has an id");
  if (c.shard_count == 0 || c.shard_count > shard_count_max)
    return invalid_field("shard_count", "1 to 4096 shards");
  if (c.expected_nodes == 0 || c.expected_nodes > members_max)
    return invalid_field("expected_nodes", "1 to 256 nodes");
  if (c.fingerprint_key.size() != fingerprint_key_bytes)
    return invalid_field("fingerprint_key", "16 bytes");
  if (auto ok = check_node(c.first_node, "first_node"); !ok) return ok;
  return check_key(c.first_key, "first_key");
}

/// The active node with the fewest shards. Shard 0 does not count: it is small.
struct least_loaded {
  std::vector<std::pair<uuid, std::size_t>> load;

  explicit least_loaded(const cluster_map& map) {
    for (const auto& n : map.members) {
      if (n.state != node_state::active) continue;
      const auto kept = shards_of(map, n.id);
      load.emplace_back(
          n.id, kept.size() - static_cast<std::size_t>(std::count(kept.begin(), kept.end(), 0)));
    }
  }

  uuid take() {
    const auto it = std::min_element(
        load.begin(), load.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    ++it->second;
    return it->first;
  }
};

}  // namespace

expected<applied> decide(const form_cluster& c, cluster_map& map) {
  if (!map.cluster_id.is_nil()) {
    if (map.cluster_id == c.cluster_id) return applied{};
    return fail(ec::conflict, "there is a cluster already: " + map.cluster_id.str());
  }
  if (auto ok = check(c); !ok) return unexpected(ok.error());
  map.cluster_id = c.cluster_id;
  map.shard_count = c.shard_count;
  map.expected_nodes = c.expected_nodes;
  map.fingerprint_key = c.fingerprint_key;
  map.members = {c.first_node};
  map.members.front().state = node_state::active;
  map.keys = {c.first_key};
  map.keys.front().retired = false;
  for (std::uint16_t i = 0; i <= c.shard_count; ++i)
    map.shards.push_back({i, {}});
  map.shards.front().replicas = {c.first_node.id};

  applied done{true, {}, {}};
  if (c.expected_nodes == 1) done.placed = decide(place_shards{}, map)->placed;
  return done;
}

expected<applied> decide(const place_shards&, cluster_map& map) {
  if (all_placed(map)) return applied{};
  const auto active = count_active(map);
  if (active == 0 || active < map.expected_nodes)
    return fail(ec::conflict, std::to_string(active) + " of " + std::to_string(map.expected_nodes) +
                                  " nodes are active");
  applied done{true, {}, {}};
  least_loaded nodes(map);
  for (auto& s : map.shards) {
    if (!s.replicas.empty()) continue;
    s.replicas = {nodes.take()};
    done.placed.push_back(s.shard);
  }
  return done;
}

expected<applied> decide(const add_key& c, cluster_map& map) {
  if (auto ok = check_key(c.key, "key"); !ok) return unexpected(ok.error());
  for (const auto& k : map.keys) {
    if (k.id != c.key.id) continue;
    if (k.secret == c.key.secret) return applied{};
    return fail(ec::conflict, "there is another key with the id " + c.key.id);
  }
  if (map.keys.size() >= keys_max) {
    const auto oldest = std::find_if(map.keys.begin(), map.keys.end(),
                                     [](const signing_key& k) { return k.retired; });
    if (oldest == map.keys.end()) return fail(ec::conflict, "too many keys that are not retired");
    map.keys.erase(oldest);
  }
  map.keys.push_back(c.key);
  map.keys.back().retired = false;
  return applied{true, {}, {}};
}

expected<applied> decide(const retire_key& c, cluster_map& map) {
  const auto key = std::find_if(map.keys.begin(), map.keys.end(),
                                [&](const signing_key& k) { return k.id == c.id; });
  if (key == map.keys.end()) return invalid_field("id", "there is no key with this id");
  if (key->retired) return applied{};
  const auto in_use = std::count_if(map.keys.begin(), map.keys.end(),
                                    [](const signing_key& k) { return !k.retired; });
  if (in_use == 1) return fail(ec::conflict, "the last key cannot be retired");
  key->retired = true;
  return applied{true, {}, {}};
}

}  // namespace greenroom::placement::rules

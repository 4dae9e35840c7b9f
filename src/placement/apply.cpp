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
  if (c.replicas % 2 == 0 || c.replicas > replicas_max)
    return invalid_field("replicas", "1, 3 or 5 replicas");
  if (c.fingerprint_key.size() != fingerprint_key_bytes)
    return invalid_field("fingerprint_key", "16 bytes");
  if (auto ok = check_node(c.first_node, "first_node"); !ok) return ok;
  return check_key(c.first_key, "first_key");
}

/// The active nodes and what they have. Shard 0 does not count: it is small.
class load {
 public:
  explicit load(const cluster_map& map) {
    for (const auto& n : map.members) {
      if (n.state != node_state::active) continue;
      nodes_.push_back({n.id, 0, 0});
      for (const auto& s : map.shards) {
        if (s.shard == 0 || s.replicas.empty()) continue;
        nodes_.back().kept +=
            static_cast<std::size_t>(std::count(s.replicas.begin(), s.replicas.end(), n.id));
        nodes_.back().led += s.replicas.front() == n.id ? 1 : 0;
      }
    }
  }

  /// The nodes for one more shard, the one that is to lead first.
  std::vector<uuid> take(std::size_t count) {
    std::vector<node*> order;
    for (auto& n : nodes_)
      order.push_back(&n);
    std::stable_sort(order.begin(), order.end(),
                     [](const node* a, const node* b) { return a->kept < b->kept; });
    order.resize(count);
    std::iter_swap(order.begin(),
                   std::min_element(order.begin(), order.end(),
                                    [](const node* a, const node* b) { return a->led < b->led; }));
    ++order.front()->led;
    std::vector<uuid> taken;
    for (auto* n : order) {
      ++n->kept;
      taken.push_back(n->id);
    }
    return taken;
  }

 private:
  struct node {
    uuid id;
    std::size_t kept;
    std::size_t led;
  };
  std::vector<node> nodes_;
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
  map.replicas = c.replicas;
  map.fingerprint_key = c.fingerprint_key;
  map.members = {c.first_node};
  map.members.front().state = node_state::active;
  map.keys = {c.first_key};
  map.keys.front().retired = false;
  for (std::uint16_t i = 0; i <= c.shard_count; ++i)
    map.shards.push_back({i, {}, {}, {}, 0, 0});
  auto& own = map.shards.front();
  own.replicas = own.founders = own.group = {c.first_node.id};

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
  load nodes(map);
  const auto count = replicas_with(map.replicas, active);
  for (auto& s : map.shards) {
    if (!s.replicas.empty()) continue;
    s.replicas = nodes.take(count);
    s.founders = s.group = s.replicas;
    done.placed.push_back(s.shard);
  }
  // The map itself has begun on the first node, and gets the other replicas now.
  auto& own = map.shards.front().replicas;
  for (const auto& n : map.members) {
    if (own.size() < count && n.state == node_state::active &&
        std::find(own.begin(), own.end(), n.id) == own.end()) {
      own.push_back(n.id);
    }
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

expected<applied> decide(const drop_key& c, cluster_map& map) {
  const auto key = std::find_if(map.keys.begin(), map.keys.end(),
                                [&](const signing_key& k) { return k.id == c.id; });
  if (key == map.keys.end()) return invalid_field("id", "there is no key with this id");
  const auto* newest = current_key(map);
  if (newest != nullptr && newest->id == c.id)
    return fail(ec::conflict, "the newest key stays: rotate first, then retire it");
  map.keys.erase(key);
  return applied{true, {}, {}};
}

}  // namespace greenroom::placement::rules

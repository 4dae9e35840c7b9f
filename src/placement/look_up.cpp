// SPDX-License-Identifier: MIT
#include <algorithm>

#include "placement/cluster_map.hpp"

namespace greenroom::placement {

namespace {

constexpr std::string_view pins_mark = "+pins";

template <class List, class Test>
auto find_if(const List& list, Test test) noexcept -> decltype(list.data()) {
  const auto it = std::find_if(list.begin(), list.end(), test);
  return it == list.end() ? nullptr : &*it;
}

}  // namespace

std::uint16_t shard_of(const uuid& id, std::uint16_t shard_count) noexcept {
  std::uint64_t h = 0xcbf29ce484222325U;
  for (const auto byte : id.bytes)
    h = (h ^ byte) * 0x100000001b3U;
  h ^= h >> 33U;
  h *= 0xff51afd7ed558ccdU;
  h ^= h >> 33U;
  h *= 0xc4ceb9fe1a85ec53U;
  h ^= h >> 33U;
  return static_cast<std::uint16_t>(1 + h % shard_count);
}

const node_info* find_node(const cluster_map& map, const uuid& id) noexcept {
  return find_if(map.members, [&](const node_info& n) { return n.id == id; });
}

const node_info* find_address(const cluster_map& map, std::string_view address) noexcept {
  return find_if(map.members,
                 [&](const node_info& n) { return is_present(n.state) && n.address == address; });
}

const shard_placement* find_shard(const cluster_map& map, std::uint16_t shard) noexcept {
  return shard < map.shards.size() ? &map.shards[shard] : nullptr;
}

const signing_key* current_key(const cluster_map& map) noexcept {
  const auto it = std::find_if(map.keys.rbegin(), map.keys.rend(),
                               [](const signing_key& k) { return !k.retired; });
  return it == map.keys.rend() ? nullptr : &*it;
}

std::vector<std::uint16_t> shards_of(const cluster_map& map, const uuid& node_id) {
  std::vector<std::uint16_t> found;
  for (const auto& s : map.shards)
    if (std::find(s.replicas.begin(), s.replicas.end(), node_id) != s.replicas.end())
      found.push_back(s.shard);
  return found;
}

std::size_t count_active(const cluster_map& map) noexcept {
  return static_cast<std::size_t>(
      std::count_if(map.members.begin(), map.members.end(),
                    [](const node_info& n) { return n.state == node_state::active; }));
}

bool is_present(node_state s) noexcept {
  return s != node_state::left && s != node_state::replaced;
}

bool is_gone(const cluster_map& map, const uuid& node) noexcept {
  const auto* known = find_node(map, node);
  return known != nullptr && !is_present(known->state);
}

bool steps_back(const cluster_map& map, const uuid& node_id) noexcept {
  const auto* n = find_node(map, node_id);
  return n != nullptr && (n->state == node_state::draining || n->state == node_state::leaving);
}

bool is_moving(const shard_placement& s) noexcept {
  return !std::is_permutation(s.replicas.begin(), s.replicas.end(), s.group.begin(), s.group.end());
}

std::size_t replicas_with(std::size_t wanted, std::size_t nodes) noexcept {
  const auto count = std::min(wanted, nodes);
  return count % 2 == 0 ? count - 1 : count;
}

std::string version_in_map(std::string_view release) {
  return std::string(release).append(pins_mark);
}

std::string release_of(std::string_view version_in_map) {
  if (version_in_map.ends_with(pins_mark)) version_in_map.remove_suffix(pins_mark.size());
  return std::string(version_in_map);
}

std::vector<std::string> without_pins(const cluster_map& map) {
  std::vector<std::string> names;
  for (const auto& n : map.members)
    if (is_present(n.state) && !n.version.ends_with(pins_mark)) names.push_back(n.name);
  return names;
}

bool all_placed(const cluster_map& map) noexcept {
  return !map.shards.empty() &&
         std::none_of(map.shards.begin(), map.shards.end(),
                      [](const shard_placement& s) { return s.replicas.empty(); });
}

}  // namespace greenroom::placement

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Short words for cluster maps. Nodes are called by numbers.

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "placement/cluster_map.hpp"

namespace greenroom::placement::test {

inline uuid id(std::uint8_t n) {
  uuid u;
  u.bytes[15] = n;
  return u;
}

inline node_info node(std::uint8_t n, node_state state = node_state::active) {
  const auto text = std::to_string(n);
  return {id(n), "n" + text, "10.0.0." + text + ":4000", version_in_map("0.1.0"), state, 1000 + n};
}

inline signing_key key(const std::string& name, char fill = 'k') {
  return {name, std::string(key_secret_bytes, fill), 5000, false};
}

inline form_cluster forming(std::uint16_t expected_nodes = 1, std::uint16_t shard_count = 8,
                            std::uint16_t replicas = 1) {
  return {id(200),
          shard_count,
          expected_nodes,
          replicas,
          node(1),
          key("k1"),
          std::string(fingerprint_key_bytes, 'f')};
}

/// Applies what must succeed.
inline applied run(cluster_map& map, const command& c) {
  const auto done = placement::apply(c, map);
  if (!done) UNSCOPED_INFO(done.error().message);
  REQUIRE(done);
  return *done;
}

/// Applies what must be refused, and checks that nothing changed.
inline error refused(cluster_map& map, const command& c) {
  const auto before = map;
  const auto done = placement::apply(c, map);
  REQUIRE_FALSE(done);
  CHECK(map == before);
  return done.error();
}

inline cluster_map formed(std::uint16_t expected_nodes = 1, std::uint16_t shard_count = 8,
                          std::uint16_t replicas = 1) {
  cluster_map map;
  run(map, forming(expected_nodes, shard_count, replicas));
  return map;
}

/// Three active nodes with all shards placed.
inline cluster_map of_three(std::uint16_t replicas = 1) {
  auto map = formed(3, 8, replicas);
  run(map, join_node{node(2)});
  run(map, join_node{node(3)});
  run(map, place_shards{});
  return map;
}

}  // namespace greenroom::placement::test

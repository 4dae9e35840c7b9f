// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The map of a cluster of four, node1 to node4, for what the console says of it.

#include <string>

#include "unit/placement/maps.hpp"

namespace greenroom::actors::test {

using placement::test::id;

inline placement::node_info node(std::uint8_t n) {
  auto made = placement::test::node(n);
  made.name = "node" + std::to_string(n);
  return made;
}

/// Eight shards of three replicas, placed when `expected` nodes were there.
inline placement::cluster_map four_nodes(std::uint8_t expected) {
  placement::cluster_map map;
  auto first = placement::test::forming(expected, 8, 3);
  first.first_node = node(1);
  placement::test::run(map, first);
  for (std::uint8_t n = 2; n <= 4; ++n) {
    placement::test::run(map, placement::join_node{node(n)});
    if (n == expected) placement::test::run(map, placement::place_shards{});
  }
  return map;
}

}  // namespace greenroom::actors::test

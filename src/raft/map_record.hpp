// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The record of the cluster map in shard 0's store: the map with the index it is of, in one value,
/// so that the two cannot disagree (docs/storage.md, section 3).

#include <string>
#include <string_view>

#include "placement/cluster_map.hpp"
#include "raft/types.hpp"

namespace greenroom::raft {

struct map_record {
  std::uint64_t applied = 0;
  placement::cluster_map map;
};

std::string encode_map_record(std::uint64_t applied, const placement::cluster_map& map);
/// INTERNAL with what is wrong.
expected<map_record> decode_map_record(std::string_view value);

/// What a node is called within groups: FNV-1a 64 of its id, never 0. Fixed for ever: logs have it.
server_id server_of(const uuid& node) noexcept;

}  // namespace greenroom::raft

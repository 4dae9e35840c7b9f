// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// To whom leadership may go, the same for the cluster map's shard and for all others.
///
/// A node whose disk is slow, damaged or nearly full hands over to one that is well, if enough of
/// them are.
///
/// To whom a node that is on its way out hands the lead of a group over. Not to one that is on its
/// way out too: it would hand it back. Nor to one that is gone: for as long as that is tried the
/// group takes no writes, so the one that is gone keeps all there is, and would be tried for ever.

#include <chrono>
#include <optional>
#include <span>
#include <vector>

#include "actors/environment.hpp"
#include "actors/server_names.hpp"
#include "raft/replica.hpp"

namespace greenroom::actors {

/// Another voter of the group.
struct heir {
  raft::server_id id = 0;
  std::uint64_t match_index = 0;
  bool well = false;  ///< its disk is not slow
};

/// Those that are linked and stay.
std::vector<heir> heirs(const environment& env, const placement::cluster_map& map,
                        const raft::group_status& group, server_names& names);

/// The link to a node has to be up for this long before it is handed leadership.
constexpr auto hand_over_after = std::chrono::seconds(3);

/// A node whose disk is slow tries a shard again after this.
constexpr auto hand_over_slow = std::chrono::seconds(2);

/// A node that can lead, and is not on its way out, nor with a disk like that.
bool can_lead(const environment& env, const placement::cluster_map& map, const node_id& node,
              std::chrono::steady_clock::time_point now);

/// Who shall lead `placed` as long as this node's disk is like that (disk_paces.hpp): of the
/// other voters, in the order of the map. Nobody, while those that are well are no majority.
std::optional<node_id> quicker_node(const environment& env, const placement::cluster_map& map,
                                    const placement::shard_placement& placed,
                                    const raft::group_status& group, server_names& names,
                                    std::chrono::steady_clock::time_point now);

/// One that is well before one that is not; of these, who has most of the log; of these, the first.
std::optional<raft::server_id> first_heir(std::span<const heir> all);

}  // namespace greenroom::actors

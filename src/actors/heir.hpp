// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// To whom a node that is on its way out hands the lead of a group over. Not to one that is on its
/// way out too: it would hand it back. Nor to one that is gone: for as long as that is tried the
/// group takes no writes, so the one that is gone keeps all there is, and would be tried for ever.

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

/// One that is well before one that is not; of these, who has most of the log; of these, the first.
std::optional<raft::server_id> first_heir(std::span<const heir> all);

}  // namespace greenroom::actors

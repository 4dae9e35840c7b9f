// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Which replicas of a group its leader has heard of lately, for the console: `shards`, `raft`,
/// `explain` and `cluster status` go by the same.

#include "actors/replica_table.hpp"

namespace greenroom::actors {

/// A replica that its leader has not heard of for this long counts as gone, and a leader that has
/// led for this long should have heard of all.
inline constexpr raft::steady_ms silent_after_ms = 2500;

/// `view` is the leader's; it has always heard of itself.
inline bool is_heard(const replica_view& view, const raft::server_status& server, bool is_self) {
  return is_self ||
         (server.last_contact != 0 && view.seen_at <= server.last_contact + silent_after_ms);
}

}  // namespace greenroom::actors

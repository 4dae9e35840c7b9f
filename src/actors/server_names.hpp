// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Which node a server of a Raft group is. Owned by one actor.

#include <unordered_map>

#include "actors/switchboard.hpp"
#include "raft/types.hpp"

namespace greenroom::actors {

/// A node's id within Raft groups.
raft::server_id server_id_of(const node_id& id) noexcept;

class server_names {
 public:
  explicit server_names(const switchboard& board) : board_(board) {}

  /// Nil: a server that the map does not know (any more).
  [[nodiscard]] node_id node_of(raft::server_id server);

 private:
  const switchboard& board_;
  std::unordered_map<raft::server_id, node_id> known_;
};

}  // namespace greenroom::actors

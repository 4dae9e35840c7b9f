// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What replicas of a shard say to each other: the RPCs of Raft (Ongaro and Ousterhout 2014, figure
/// 2; pre-vote and transfer: Ongaro 2014, sections 9.6 and 3.10) as one-way messages.

#include <cstdint>
#include <variant>
#include <vector>

#include "raft/configuration.hpp"
#include "raft/types.hpp"
#include "store/log.hpp"

namespace greenroom::raft {

struct request_vote {
  std::uint64_t term = 0;
  server_id candidate = 0;
  std::uint64_t last_index = 0;
  std::uint64_t last_term = 0;
  bool disrupt_leader = false;  ///< the leader itself asked for this election (transfer)
  bool pre_vote = false;        ///< only asks whether a vote would be granted
  bool operator==(const request_vote&) const = default;
};

struct vote_result {
  std::uint64_t term = 0;
  bool granted = false;
  bool pre_vote = false;
  bool operator==(const vote_result&) const = default;
};

struct append_entries {
  std::uint64_t term = 0;
  std::uint64_t prev_index = 0;
  std::uint64_t prev_term = 0;
  std::uint64_t commit = 0;
  /// Indices go on from prev_index. At most the first is a configuration: the consensus library
  /// takes the index of the first new entry for that of the configuration.
  std::vector<store::log_entry> entries;
};

struct append_result {
  std::uint64_t term = 0;
  std::uint64_t rejected = 0;  ///< prev_index that did not fit, 0: it did
  std::uint64_t last_index = 0;
  bool operator==(const append_result&) const = default;
};

/// A leader no longer has the entries a follower needs: it should fetch a state
/// (raft/transfer.hpp). Repeated until it has one.
struct install_snapshot {
  std::uint64_t term = 0;
  std::uint64_t last_index = 0;
  std::uint64_t last_term = 0;
  std::uint64_t configuration_index = 0;
  bool operator==(const install_snapshot&) const = default;
};

struct timeout_now {
  std::uint64_t term = 0;
  std::uint64_t last_index = 0;
  std::uint64_t last_term = 0;
  bool operator==(const timeout_now&) const = default;
};

using message = std::variant<request_vote, vote_result, append_entries, append_result,
                             install_snapshot, timeout_now>;

}  // namespace greenroom::raft

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What the replicas of a shard say to each other, and its leader to everybody. They cross links as
/// calls do (calls.hpp), but nobody waits for an answer.

#include <cstdint>
#include <memory>
#include <string>

#include "protocol/uuid.hpp"

namespace greenroom::actors {

using node_id = uuid;

/// A message between the replicas of one shard.
struct group_message {
  std::uint16_t shard = 0;
  std::uint64_t from = 0;  ///< the sender's id within the group
  enum class what : std::uint8_t {
    log,
    transfer,    ///< part of a state on its way to a replica that needs it
    membership,  ///< whether the replica still belongs to the group (group_keeper.hpp)
  };
  what kind = what::log;
  std::string bytes;
};

/// Between the replicas of a shard: whether `term` is still the newest that the asked one knows.
/// When a majority says so, no other leader can have been elected before the question went out.
struct leader_probe {
  std::uint16_t shard = 0;
  std::uint64_t from = 0;  ///< within the group
  std::uint64_t term = 0;  ///< the leader's; in an answer that of the one who was asked
  std::uint64_t round = 0;
  bool is_answer = false;
};
using leader_probe_ptr = std::shared_ptr<const leader_probe>;

/// A shard's leader tells every node.
struct leader_notice {
  std::uint16_t shard = 0;
  std::uint64_t term = 0;
  node_id leader;
};
using leader_notice_ptr = std::shared_ptr<const leader_notice>;

}  // namespace greenroom::actors

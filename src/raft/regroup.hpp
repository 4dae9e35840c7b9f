// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// From the servers that a group has to those that it shall have: the next single step. Pure; the
/// leader asks again after each step, and when a step was refused.

#include <optional>
#include <span>

#include "raft/replica.hpp"

namespace greenroom::raft {

struct group_wish {
  std::span<const server_id> wanted;  ///< the first is to lead
  std::span<const server_id> gone;    ///< never come back: their disks are lost
  server_id self = 0;                 ///< the leader
  steady_ms now = 0;
  std::uint32_t election_timeout_ms = 1000;
};

struct group_step {
  enum class what : std::uint8_t { add, promote, remove, hand_over };
  what kind = what::add;
  server_id id = 0;
  bool operator==(const group_step&) const = default;
};

/// In this order: who is gone is taken out, who is missing is added as standby, standbys that have
/// caught up get the vote (of several not before there are two for an odd number), and only when
/// all who are wanted have it the others go; a leader that is not wanted hands over first. Nobody
/// is taken out without whom less than a majority of the rest has been heard of lately. Empty:
/// nothing to do, or nothing that can be done now.
std::optional<group_step> next_step(const group_status& has, const group_wish& wish);

}  // namespace greenroom::raft

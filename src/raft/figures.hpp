// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What all replicas of the process have done together, for the metrics.

#include "raft/types.hpp"
#include "telemetry/metrics.hpp"

namespace greenroom::raft {

struct figures {
  prometheus::Counter& elections;  ///< begun, also those that were not won
  prometheus::Counter& won;
  prometheus::Counter& lost;  ///< leadership that ended while the replica went on
  prometheus::Counter& applied;
  prometheus::Counter& applied_bytes;

  static figures& instance();

  /// `before` and `now`: the role and term that were, and that are.
  void count_change(role before, std::uint64_t term_before, role now, std::uint64_t term_now);
};

}  // namespace greenroom::raft

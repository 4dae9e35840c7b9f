// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// How the replicas of this node are, for the console and the metrics. Each replica's actor writes
/// its line when it starts, when it begins to lead, and about once a second. Thread-safe.

#include <map>
#include <mutex>
#include <optional>

#include "raft/replica.hpp"

namespace greenroom::actors {

struct replica_view {
  raft::replica_status status;
  raft::group_status group;
  raft::steady_ms seen_at = 0;
  raft::steady_ms leads_since = 0;  ///< 0: does not
};

class replica_table {
 public:
  void put(std::uint16_t shard, replica_view view);
  void drop(std::uint16_t shard);
  [[nodiscard]] std::optional<replica_view> get(std::uint16_t shard) const;
  [[nodiscard]] std::map<std::uint16_t, replica_view> all() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::uint16_t, replica_view> views_;
};

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What an operator should know of the cluster as a whole (`cluster status`), from the rows of its
/// shards. Pure.

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace greenroom::actors::cluster_status {

struct circumstances {
  std::set<std::string> missing;        ///< names of nodes that did not answer
  std::set<std::string> stepping_back;  ///< nodes that lead nothing, and why
  bool one_replica_is_meant = false;    ///< there are nodes for no more
  std::string why_one;  ///< why no node can be spared where all have one; else empty
};

/// `shards`: one row a shard, as `shards` shows them, with `settled` (false: its leader has begun
/// too short a time ago to know the others). One row a question: `check`, `state`, `detail`.
std::vector<nlohmann::json> judge(const std::vector<nlohmann::json>& shards,
                                  const circumstances& around);

}  // namespace greenroom::actors::cluster_status

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What an operator's verbs do to the cluster map. Pure.
///
///   shard move      shard, to, from (optional)
///   room move       room (id or alias), to, from (optional)
///   shard unpin     shard
///   room unpin      room
///   node drain      node
///   node undrain    node
///   node decommission   node, fewer_replicas (optional)
///   key retire      id
///
/// Nodes are called by name or id.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "placement/cluster_map.hpp"

namespace greenroom::actors {

struct operation {
  placement::command command;
  // What is shown when they are agreed on.
  std::vector<std::string> columns;
  nlohmann::json row;

  /// A node that has to run for it, or had better.
  struct need {
    placement::node_info node;
    std::string otherwise;   ///< what is to be done when it does not run, or what follows
    bool is_refused = true;  ///< false: it is done all the same, and `otherwise` is said beside it
  };
  std::optional<need> needs = {};
  std::vector<std::string> notes = {};  ///< what has to be said beside it
};

bool is_operation(std::string_view verb) noexcept;

/// The shard that a move or an unpin is about; empty: it is not said rightly.
std::optional<std::uint16_t> shard_in_question(std::string_view verb, const nlohmann::json& args,
                                               const placement::cluster_map& map);

/// INVALID_MESSAGE with the field where an argument is missing or wrong, ROOM_NOT_FOUND (clients,
/// whose codes these are, know no nodes and keys) where the map has no such node or key, CONFLICT
/// where it is against it. `now`: when a shard that is moved is pinned.
expected<operation> operation_of(std::string_view verb, const nlohmann::json& args,
                                 const placement::cluster_map& map, unix_ms now);

/// Why shards cannot be pinned and unpinned here; empty: they can.
std::string why_no_pins(const placement::cluster_map& map);

}  // namespace greenroom::actors

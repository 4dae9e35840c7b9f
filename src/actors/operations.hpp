// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What an operator's verbs do to the cluster map. Pure.
///
///   shard move      shard, to, from (optional)
///   room move       room (id or alias), to, from (optional)
///   node drain      node
///   node undrain    node
///   node decommission   node, fewer_replicas (optional)
///
/// Nodes are called by name or id.

#include <nlohmann/json.hpp>
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
};

bool is_operation(std::string_view verb) noexcept;

/// INVALID_MESSAGE with the field where an argument is missing or wrong, ROOM_NOT_FOUND or CONFLICT
/// where the map is against it.
expected<operation> operation_of(std::string_view verb, const nlohmann::json& args,
                                 const placement::cluster_map& map);

}  // namespace greenroom::actors

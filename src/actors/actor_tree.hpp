// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Who looks after whom on a node, as rows in the order of a tree. Pure.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "actors/registry.hpp"

namespace greenroom::actors {

/// Children of one kind that are shown below an actor when nothing is said; the others are counted
/// in one row.
inline constexpr std::size_t tree_children_default = 40;

/// Rows {node, depth, kind, name, mailbox, restarts, errors}. What has a parent that is not there
/// (any more) stands at the end, at depth 0.
std::vector<nlohmann::json> tree_of(const std::vector<actor_view>& all, const std::string& node,
                                    std::size_t children_max = tree_children_default);

}  // namespace greenroom::actors

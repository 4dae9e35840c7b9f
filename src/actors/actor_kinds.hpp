// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Actors added up by their kind, for who asks first where to look. Pure.

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "actors/registry.hpp"

namespace greenroom::actors {

/// Of a row. `actors`: how many there are; `longest_queue`, `oldest_message_ms`: of that one of
/// them where it is largest; the others are sums. What is counted is null where nothing is.
inline constexpr std::array<std::string_view, 11> kind_fields{
    "kind",          "actors",  "queue_depth", "oldest_message_ms", "rate",   "busy_percent",
    "longest_queue", "handled", "errors",      "restarts",          "dropped"};

/// One row a kind that there is, of one node. Takes the figures alone of what it is given.
std::vector<nlohmann::json> by_kind(const std::vector<actor_view>& all);

/// The rows of several nodes, with one a kind left.
std::vector<nlohmann::json> add_up(const std::vector<nlohmann::json>& rows);

}  // namespace greenroom::actors

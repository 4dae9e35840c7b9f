// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Rehearsals in words: what an act would do, and to how much. What its row says is what is, never
/// what would be: that is in `would`. Pure.

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "actors/operations.hpp"
#include "placement/plan.hpp"

namespace greenroom::actors::foresight {

/// What the cluster map does not say.
struct around {
  std::function<bool(const uuid&)> runs;
  std::function<uuid(std::uint16_t)> leader_of;  ///< of a shard; nil: nobody, or not known
  bool evens_out = true;                         ///< cluster.rebalance is auto
};

/// The operation with the columns and the row of its rehearsal. `after`: the map with it.
operation rehearsed(std::string_view verb, operation o, const placement::cluster_map& before,
                    const placement::cluster_map& after, const around& a);

/// "3 replicas would be made on other nodes, 1 shard would get another leader", or that nothing
/// would move.
std::string in_words(const placement::outlook& then);

/// "1 room", "3 rooms".
std::string count_of(std::size_t n, std::string_view one, std::string_view many);

/// Says in each row of an answer what the verb would do, where the row does not.
void add_would(std::string_view verb, nlohmann::json& answer);

}  // namespace greenroom::actors::foresight

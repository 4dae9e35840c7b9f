// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Inside of placement: one rule per command. They check first and change the map afterwards;
/// apply() raises the epoch.

#include "placement/cluster_map.hpp"

namespace greenroom::placement::rules {

expected<applied> decide(const form_cluster& c, cluster_map& map);
expected<applied> decide(const join_node& c, cluster_map& map);
expected<applied> decide(const update_node& c, cluster_map& map);
expected<applied> decide(const place_shards& c, cluster_map& map);
expected<applied> decide(const add_key& c, cluster_map& map);
expected<applied> decide(const retire_key& c, cluster_map& map);
expected<applied> decide(const assign_shard& c, cluster_map& map);
expected<applied> decide(const pin_shard& c, cluster_map& map);
expected<applied> decide(const unpin_shards& c, cluster_map& map);
expected<applied> decide(const report_group& c, cluster_map& map);
expected<applied> decide(const decommission_node& c, cluster_map& map);
expected<applied> decide(const drop_key& c, cluster_map& map);

/// Whether a node may be called and reached like this; `field` is where it stands in the command.
expected<void> check_node(const node_info& n, const std::string& field);

}  // namespace greenroom::placement::rules

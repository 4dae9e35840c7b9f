// SPDX-License-Identifier: MIT
/// Shards as their leaders see them, and what an operator should know of the whole.

#include <algorithm>
#include <map>
#include <set>

#include "actors/admin.hpp"
#include "actors/cluster_status.hpp"
#include "actors/map_shard.hpp"
#include "actors/replica_contact.hpp"
#include "actors/server_names.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

/// More entries than a replica that is well is ever behind.
constexpr std::uint64_t far_behind = 4096;

json row_of(std::uint16_t shard, json state, json leader, std::uint64_t term) {
  return {{"shard", shard},   {"state", std::move(state)}, {"leader", std::move(leader)},
          {"term", term},     {"replicas", json::array()}, {"lag", json::array()},
          {"index", nullptr}, {"moving_to", nullptr},      {"settled", true}};
}

}  // namespace

/// Of those that this node leads. `lag` is in entries and in the order of `replicas`; null: not
/// heard of lately.
admin::rows admin::led_shards() const {
  rows found;
  const auto routes = env_->board.routes();
  if (!routes->map) {
    return found;
  }
  server_names names(env_->board);
  for (const auto& [shard, view] : env_->replicas.all()) {
    const auto& route = routes->shards.at(shard);
    if (route.leader != env_->board.self()) {
      continue;
    }
    auto row = row_of(shard, "led", env_->config.node.name, route.term);
    row["index"] = view.status.last_index;
    row["settled"] = view.leads_since != 0 && view.seen_at > view.leads_since + silent_after_ms;
    bool degraded = false;
    std::set<node_id> there;
    for (const auto& s : view.group.servers) {
      if (!s.voter) {
        continue;
      }
      const auto node = names.node_of(s.id);
      there.insert(node);
      row["replicas"].push_back(node.is_nil() ? json("?") : json(name_of(node)));
      if (!is_heard(view, s, node == env_->board.self())) {
        row["lag"].push_back(nullptr);
        degraded = true;
        continue;
      }
      const auto match = node == env_->board.self() ? view.status.last_index : s.match_index;
      const auto lag = view.status.last_index - std::min(match, view.status.last_index);
      row["lag"].push_back(lag);
      degraded = degraded || lag > far_behind;
    }
    const auto* placed = placement::find_shard(*routes->map, shard);
    json to = json::array();
    for (const auto& node : placed->replicas) {
      if (!there.contains(node)) {
        to.push_back(name_of(node));
      }
    }
    const bool moving = !to.empty() || there.size() != placed->replicas.size();
    if (!to.empty()) {
      row["moving_to"] = std::move(to);
    }
    // Who has just begun to lead has not heard of anybody yet.
    degraded = degraded && row.value("settled", true);
    row["state"] = moving ? "moving" : degraded ? "degraded" : "led";
    found.push_back(std::move(row));
  }
  return found;
}

void admin::list_shards(const admin_request& r, clock::time_point deadline) {
  const bool asked_here = !r.local_only;
  gather(r.request,
         {"shard", "state", "leader", "term", "replicas", "lag", "index", "moving_to", "pinned"},
         led_shards(), r.done, r.local_only, deadline, [this, asked_here](gathering& g) {
           if (asked_here) {
             complete(g);
             for (auto& row : g.found) {
               row.erase("settled");
             }
           }
         });
}

/// One row a shard, in order. What no leader has said is added from what this node knows.
void admin::complete(gathering& g) const {
  const auto routes = env_->board.routes();
  if (!routes->map) {
    return;
  }
  std::map<std::uint16_t, json> best;
  for (auto& row : g.found) {
    const auto shard = row.value("shard", std::uint16_t{0});
    auto& kept = best[shard];
    // Two may think that they lead: the later one is right.
    if (kept.is_null() || kept.value("term", 0ULL) < row.value("term", 0ULL)) {
      kept = std::move(row);
    }
  }
  for (const auto& placed : routes->map->shards) {
    if (best.contains(placed.shard) || placed.replicas.empty()) {
      continue;
    }
    const auto& route = routes->shards[placed.shard];
    auto row = route.leader.is_nil()
                   ? row_of(placed.shard, "leaderless", nullptr, route.term)
                   : row_of(placed.shard, "unknown", name_of(route.leader), route.term);
    for (const auto& id : placed.replicas) {
      row["replicas"].push_back(name_of(id));
      row["lag"].push_back(nullptr);
    }
    best[placed.shard] = std::move(row);
  }
  g.found.clear();
  for (auto& [shard, row] : best) {
    const auto* placed = placement::find_shard(*routes->map, shard);
    const bool pinned = placed != nullptr && placed->pinned_at != 0;
    row["pinned"] = pinned;
    row["pinned_at"] = pinned ? json(format_time(placed->pinned_at)) : json();
    g.found.push_back(std::move(row));
  }
}

void admin::show_status(const admin_request& r, clock::time_point deadline) {
  gather({{"verb", "shards"}, {"args", json::object()}}, {"check", "state", "detail"}, led_shards(),
         r.done, r.local_only, deadline, [this](gathering& g) {
           complete(g);
           judge(g);
         });
}

/// From rows of shards to one row a question that an operator has.
void admin::judge(gathering& g) const {
  cluster_status::circumstances around;
  for (const auto& [node, reason] : g.missing) {
    around.missing.insert(node);
  }
  if (const auto map = env_->board.routes()->map) {
    around.one_replica_is_meant =
        placement::replicas_with(map->replicas,
                                 std::max<std::size_t>(1, placement::count_active(*map))) == 1;
    for (const auto& n : map->members) {
      if (placement::steps_back(*map, n.id)) {
        around.stepping_back.insert(n.name + (n.state == placement::node_state::leaving
                                                  ? " (is being decommissioned)"
                                                  : " (drained)"));
      }
    }
    if (map->replicas == 1) {
      around.why_one = "every shard has one replica, by cluster.replicas";
    } else if (std::all_of(map->shards.begin(), map->shards.end(),
                           [](const auto& s) { return s.replicas.size() == 1; })) {
      around.why_one = "every shard has one replica: there are too few nodes for more";
    }
  } else {
    around.one_replica_is_meant = true;
  }
  g.found = cluster_status::judge(g.found, around);
}

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#include "actors/cluster_status.hpp"

#include <map>

namespace greenroom::actors::cluster_status {

namespace {

using nlohmann::json;

std::string text_of(const std::string& name) {
  return name;
}

std::string text_of(int shard) {
  return std::to_string(shard);
}

/// Names in the order of letters, shards in that of numbers.
template <class Thing>
std::string list_of(const std::set<Thing>& all) {
  std::string out;
  for (const auto& one : all) {
    out += (out.empty() ? "" : ", ") + text_of(one);
  }
  return out;
}

/// Runs of numbers as one: "1-3, 7".
std::string ranges_of(const std::set<int>& all) {
  std::string out;
  for (auto it = all.begin(); it != all.end();) {
    const int first = *it;
    int last = first;
    for (++it; it != all.end() && *it == last + 1; ++it) {
      last = *it;
    }
    out += (out.empty() ? "" : ", ") + std::to_string(first);
    if (last != first) {
      out += (last == first + 1 ? ", " : "-") + std::to_string(last);
    }
  }
  return out;
}

/// What would stop without which node; nodes without which the same would stop are named together:
/// "n1, n2 (shards 0-32)".
std::set<std::string> needs_of(const std::map<std::string, std::set<int>>& critical) {
  std::map<std::set<int>, std::set<std::string>> by_shards;
  for (const auto& [node, shards] : critical) {
    by_shards[shards].insert(node);
  }
  std::set<std::string> out;
  for (const auto& [shards, nodes] : by_shards) {
    out.insert(list_of(nodes) + (shards.size() == 1 ? " (shard " : " (shards ") +
               ranges_of(shards) + ")");
  }
  return out;
}

template <class Thing>
json check(const char* name, const char* bad, const std::set<Thing>& found,
           const std::string& good) {
  return {{"check", name},
          {"state", found.empty() ? "ok" : bad},
          {"detail", found.empty() ? good : list_of(found)}};
}

/// Its leader is known and has answered, but has not said anything of this shard: it has become the
/// leader since its last look, about a second ago.
bool is_young(const json& row, const circumstances& around) {
  return row.value("state", "") == "unknown" && row.contains("leader") &&
         row["leader"].is_string() && !around.missing.contains(row["leader"].get<std::string>());
}

/// The nodes of its replicas that its leader has heard of lately, and that answer: which of the two
/// notices first that a node is gone depends.
std::set<std::string> live_of(const json& row, const circumstances& around) {
  std::set<std::string> live;
  const auto& replicas = row.at("replicas");
  for (std::size_t i = 0; i < replicas.size(); ++i) {
    auto node = replicas.at(i).get<std::string>();
    if (!row.at("lag").at(i).is_null() && !around.missing.contains(node)) {
      live.insert(std::move(node));
    }
  }
  return live;
}

}  // namespace

std::vector<json> judge(const std::vector<json>& shards, const circumstances& around) {
  std::set<int> leaderless;
  std::set<int> degraded;
  std::set<int> moving;
  std::map<std::string, std::set<int>> critical;
  std::size_t young = 0;
  for (const auto& row : shards) {
    const auto shard = row.value("shard", 0);
    const auto state = row.value("state", "");
    if (state == "leaderless") {
      leaderless.insert(shard);
    } else if (state == "moving") {
      moving.insert(shard);
    } else if (is_young(row, around)) {
      ++young;
    } else if (state != "led") {
      degraded.insert(shard);
    }
    const auto live = live_of(row, around);
    const auto replicas = row.at("replicas").size();
    // Where there are nodes for more, a shard with one replica is not meant to stop with its node.
    const bool is_meant = replicas == 1 && around.one_replica_is_meant;
    if (state != "leaderless" && row.value("settled", true) && !is_meant &&
        live.size() <= replicas / 2 + 1) {
      for (const auto& node : live) {
        critical[node].insert(shard);
      }
    }
  }
  std::string keep_up = "all keep up";
  if (young > 0) {
    keep_up +=
        "; of " + std::to_string(young) + " it is not known yet, they have just been elected";
  }
  std::vector<json> found{
      check("nodes", "missing", around.missing, "all answer"),
      check("leaders", "leaderless", leaderless, "every shard is led"),
      check("replicas", "degraded", degraded, keep_up),
      check("quorum", "critical", needs_of(critical), "any one node can be spared"),
      check("moves", "moving", moving, "no shard is on its way"),
      check("drained", "drained", around.stepping_back, "none")};
  if (!around.why_one.empty()) {
    found[3]["detail"] = around.why_one;
  }
  return found;
}

}  // namespace greenroom::actors::cluster_status

// SPDX-License-Identifier: MIT
/// Replicas on each node, and the store below them.

#include <algorithm>
#include <map>

#include "actors/admin.hpp"
#include "actors/admin_answers.hpp"
#include "actors/admin_args.hpp"
#include "actors/replica_contact.hpp"
#include "actors/server_names.hpp"
#include "store/stats.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

const char* role_name(raft::role role) {
  switch (role) {
    case raft::role::leader:
      return "leader";
    case raft::role::candidate:
      return "candidate";
    case raft::role::follower:
      break;
  }
  return "follower";
}

/// How far each replica is behind, as the leader of the latest term knows it: the others' own words
/// are of other moments, and the difference would be what was written in between. Null without a
/// leader, and where he has not heard of it lately.
void put_lag(std::vector<json>& rows) {
  struct leaders_word {
    std::uint64_t term = 0;
    json behind = json::object();
  };
  std::map<std::uint16_t, leaders_word> words;
  for (auto& row : rows) {
    auto& word = words[row["shard"].get<std::uint16_t>()];
    const auto term = row["term"].get<std::uint64_t>();
    if (row["role"] == "leader" && term >= word.term) {
      word = {term, row.value("behind", json::object())};
    }
    row.erase("behind");
  }
  for (auto& row : rows) {
    const auto& behind = words[row["shard"].get<std::uint16_t>()].behind;
    row["lag"] = behind.value(row["node"].get<std::string>(), json());
  }
  std::stable_sort(rows.begin(), rows.end(), [](const json& a, const json& b) {
    return a["shard"].get<std::uint16_t>() < b["shard"].get<std::uint16_t>();
  });
}

}  // namespace

void admin::list_replicas(const admin_request& r, const json& args, clock::time_point deadline) {
  const auto routes = env_->board.routes();
  const auto count = routes->map ? routes->map->shard_count : std::uint16_t{0};
  std::optional<std::uint16_t> only;
  if (args.contains("shard") && !args["shard"].is_null()) {
    const auto shard = shard_in(args, 0, count);
    if (!shard) {
      r.done(failure(code_of(shard.error()), shard.error().message));
      return;
    }
    only = *shard;
  }
  server_names names(env_->board);
  rows own;
  for (const auto& [shard, view] : env_->replicas.all()) {
    if (only && *only != shard) {
      continue;
    }
    const auto& s = view.status;
    const auto voters = std::count_if(view.group.servers.begin(), view.group.servers.end(),
                                      [](const auto& server) { return server.voter; });
    const auto self = std::find_if(
        view.group.servers.begin(), view.group.servers.end(),
        [&](const auto& server) { return server.id == server_id_of(env_->board.self()); });
    const auto leader = s.leader == 0 ? node_id{} : names.node_of(s.leader);
    json behind = json::object();
    if (s.role == raft::role::leader) {
      for (const auto& server : view.group.servers) {
        const auto node = names.node_of(server.id);
        const bool is_self = node == env_->board.self();
        const auto match = is_self ? s.last_index : std::min(server.match_index, s.last_index);
        behind[node.is_nil() ? "?" : name_of(node)] =
            is_heard(view, server, is_self) ? json(s.last_index - match) : json();
      }
    }
    own.push_back({{"shard", shard},
                   {"node", env_->config.node.name},
                   {"role", role_name(s.role)},
                   {"term", s.term},
                   {"commit", s.commit_index},
                   {"applied", s.applied_index},
                   {"last", s.last_index},
                   {"first", s.first_index},
                   {"votes", voters},
                   {"lag", nullptr},
                   {"behind", std::move(behind)},
                   {"leader", leader.is_nil() ? json() : json(name_of(leader))},
                   {"votes_itself", self != view.group.servers.end() && self->voter},
                   {"synced", s.synced_index},
                   {"inflight", s.inflight},
                   {"resting", s.resting},
                   {"fetched_bytes", s.fetching_from != 0 ? json(s.fetched_bytes) : json()}});
  }
  listing what{.columns = {"shard", "node", "role", "term", "commit", "applied", "last", "first",
                           "votes", "lag"},
               .own = std::move(own)};
  if (!r.local_only) {
    what.shape = [](gathering& g) { put_lag(g.found); };
  }
  gather(r, deadline, std::move(what));
}

void admin::show_store(const admin_request& r, const json& /*args*/, clock::time_point deadline) {
  const auto s = store::state_of(env_->db);
  const auto log = env_->log.stats();
  json families = json::object();
  for (const auto& f : store::sizes(env_->db)) {
    families[std::string(store::to_string(f.of))] = {
        {"records", f.records}, {"disk_bytes", f.disk_bytes}, {"memory_bytes", f.memory_bytes}};
  }
  const auto* stall = s.stopped ? "stopped" : s.delayed_write_bytes_per_s != 0 ? "delayed" : "none";
  gather(r, deadline,
         {.columns = {"node", "data_bytes", "log_bytes", "free_bytes", "stall", "fsync_median_us",
                      "memtable_bytes", "pending_compaction_bytes"},
          .own = {json{{"node", env_->config.node.name},
                       {"data_bytes", s.data_bytes},
                       {"log_bytes", s.log_bytes},
                       {"memtable_bytes", s.memtable_bytes},
                       {"pending_compaction_bytes", s.pending_compaction_bytes},
                       {"stall", stall},
                       {"fsync_median_us", env_->log.sync_median_us()},
                       {"free_bytes", s.free_bytes},
                       {"capacity_bytes", s.capacity_bytes},
                       {"journal_bytes", s.journal_bytes},
                       {"compactions", s.compactions},
                       {"flushes", s.flushes},
                       {"delayed_write_bytes_per_s", s.delayed_write_bytes_per_s},
                       {"background_errors", s.background_errors},
                       {"fsync_max_us", log.sync_micros_max},
                       {"batches", log.batches},
                       {"entries", log.entries},
                       {"folder", env_->db.folder().string()},
                       {"families", std::move(families)}}}});
}

}  // namespace greenroom::actors

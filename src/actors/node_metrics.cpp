// SPDX-License-Identifier: MIT
#include "actors/node_metrics.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>
#include <vector>

#include "actors/link_metrics.hpp"
#include "actors/registry.hpp"
#include "actors/request_meter.hpp"
#include "actors/server_names.hpp"
#include "archive/keeper.hpp"
#include "store/stats.hpp"
#include "telemetry/metrics.hpp"

namespace greenroom::actors {

namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;
using telemetry::family_builder;
using families = std::vector<MetricFamily>;

template <class Number>
void put(families& into, MetricType type, const char* name, const char* help, Number value) {
  into.push_back(family_builder(type, name, help).add(static_cast<double>(value)).take_family());
}

/// One sample for each row, with the same label.
template <class Rows, class Label, class Value>
void put_each(families& into, MetricType type, const char* name, const char* help,
              const char* label, const Rows& rows, Label name_of, Value value_of) {
  family_builder family(type, name, help);
  for (const auto& row : rows) {
    family.add(static_cast<double>(value_of(row)), {{label, std::string(name_of(row))}});
  }
  into.push_back(family.take_family());
}

void put_actors(families& into) {
  const auto totals = registry::instance().totals();
  std::vector<std::pair<actor_kind, kind_totals>> rows;
  for (std::size_t i = 0; i < totals.size(); ++i) {
    rows.emplace_back(static_cast<actor_kind>(i), totals[i]);
  }
  const auto add = [&](MetricType type, const char* name, const char* help, auto value_of) {
    put_each(
        into, type, name, help, "kind", rows, [](const auto& row) { return to_string(row.first); },
        [&](const auto& row) { return value_of(row.second); });
  };
  add(MetricType::Gauge, "greenroom_actors", "Actors that live",
      [](const kind_totals& t) { return t.actors; });
  add(MetricType::Counter, "greenroom_actor_failures_total", "Handlers that have thrown",
      [](const kind_totals& t) { return t.errors; });
  if (!actor_figures.load(std::memory_order_relaxed)) {
    return;  // what is not counted is not there, rather than nothing
  }
  add(MetricType::Gauge, "greenroom_actor_queue_depth", "Messages that wait for actors, all added",
      [](const kind_totals& t) { return t.queued; });
  add(MetricType::Gauge, "greenroom_actor_queue_depth_max", "Messages that wait for one actor",
      [](const kind_totals& t) { return t.longest_queue; });
  add(MetricType::Counter, "greenroom_actor_messages_total", "Messages that actors have handled",
      [](const kind_totals& t) { return t.handled; });
  add(MetricType::Counter, "greenroom_actor_busy_seconds_total", "Time spent on those messages",
      [](const kind_totals& t) { return static_cast<double>(t.busy_ns) / 1e9; });
}

void put_cluster(families& into, const environment& env, const peers& links) {
  const auto routes = env.board.routes();
  std::size_t placed = 0;
  std::size_t leaderless = 0;
  std::ptrdiff_t members = 0;
  if (routes->map) {
    members = std::ranges::count_if(routes->map->members, [](const auto& m) {
      return m.state != placement::node_state::left && m.state != placement::node_state::replaced;
    });
    for (const auto& s : routes->map->shards) {
      const auto is_led =
          s.shard < routes->shards.size() && !routes->shards[s.shard].leader.is_nil();
      placed += s.shard != 0 ? 1 : 0;
      leaderless += s.shard != 0 && !is_led ? 1 : 0;
    }
  }
  const auto gauge = [&](const char* name, const char* help, auto value) {
    put(into, MetricType::Gauge, name, help, value);
  };
  gauge("greenroom_ready", "1: /health/ready says yes", env.health.ready() ? 1 : 0);
  gauge("greenroom_sessions", "Open sessions over WebSockets", env.board.sessions().size());
  gauge("greenroom_links", "Other nodes with a link to this one", links.views().size());
  gauge("greenroom_cluster_nodes", "Nodes that belong to the cluster, this one included", members);
  gauge("greenroom_shards", "Shards of rooms and users in the cluster", placed);
  gauge("greenroom_leaderless_shards", "Of those, the ones whose leader this node does not know",
        leaderless);
  put_each(
      into, MetricType::Gauge, "greenroom_certificate_expires_seconds",
      "When a certificate ends that this node has loaded, since 1970", "kind", env.certificates,
      [](const auto& row) { return row.first; },
      [](const auto& row) { return static_cast<double>(row.second) / 1000; });
}

/// How far the voter is behind that is furthest, as the leader knows it; one that was never heard
/// of has nothing.
std::uint64_t lag_of(const replica_view& view, raft::server_id self) {
  std::uint64_t lag = 0;
  for (const auto& s : view.group.servers) {
    if (s.voter && s.id != self) {
      lag = std::max(lag, view.status.last_index - std::min(view.status.last_index, s.match_index));
    }
  }
  return lag;
}

void put_replicas(families& into, const environment& env) {
  const auto replicas = env.replicas.all();
  const auto add = [&](const char* name, const char* help, auto value_of) {
    put_each(
        into, MetricType::Gauge, name, help, "shard", replicas,
        [](const auto& row) { return std::to_string(row.first); },
        [&](const auto& row) { return value_of(row.second.status); });
  };
  add("greenroom_raft_term", "Term of the replica here",
      [](const raft::replica_status& s) { return s.term; });
  add("greenroom_raft_last_index", "Last entry of its log",
      [](const raft::replica_status& s) { return s.last_index; });
  add("greenroom_raft_commit_index", "Last entry that is agreed on",
      [](const raft::replica_status& s) { return s.commit_index; });
  add("greenroom_raft_applied_index", "Last entry that has taken effect",
      [](const raft::replica_status& s) { return s.applied_index; });
  add("greenroom_raft_log_entries", "Entries of the log that are kept",
      [](const raft::replica_status& s) {
        return s.last_index + 1 - std::min(s.first_index, s.last_index + 1);
      });
  family_builder lag(MetricType::Gauge, "greenroom_raft_lag_entries",
                     "Of shards led here: how far the voter is behind that is furthest");
  std::array<std::size_t, 3> roles{};
  std::size_t inflight = 0;
  std::size_t fetching = 0;
  std::size_t resting = 0;
  for (const auto& [shard, view] : replicas) {
    ++roles[static_cast<std::size_t>(view.status.role)];
    inflight += view.status.inflight;
    fetching += view.status.fetching_from != 0 ? 1 : 0;
    resting += view.status.resting ? 1 : 0;
    if (view.status.role == raft::role::leader) {
      lag.add(static_cast<double>(lag_of(view, server_id_of(env.board.self()))),
              {{"shard", std::to_string(shard)}});
    }
  }
  into.push_back(lag.take_family());
  constexpr std::array<std::pair<const char*, raft::role>, 3> names{
      {{"follower", raft::role::follower},
       {"candidate", raft::role::candidate},
       {"leader", raft::role::leader}}};
  put_each(
      into, MetricType::Gauge, "greenroom_raft_replicas", "Replicas on this node", "role", names,
      [](const auto& row) { return row.first; },
      [&](const auto& row) { return roles[static_cast<std::size_t>(row.second)]; });
  put(into, MetricType::Gauge, "greenroom_raft_inflight_proposals",
      "Proposals that are not agreed on yet", inflight);
  put(into, MetricType::Gauge, "greenroom_raft_fetching_replicas",
      "Replicas here that fetch the state of another", fetching);
  put(into, MetricType::Gauge, "greenroom_raft_resting_replicas",
      "Replicas here whose group rests because nothing happens", resting);
}

void put_store(families& into, const environment& env) {
  const auto s = store::state_of(env.db);
  const auto gauge = [&](const char* name, const char* help, auto value) {
    put(into, MetricType::Gauge, name, help, value);
  };
  gauge("greenroom_store_data_bytes", "In files, compressed", s.data_bytes);
  gauge("greenroom_store_log_bytes", "Of the shards' logs, files and memory", s.log_bytes);
  gauge("greenroom_store_memtable_bytes", "Written, not yet in files", s.memtable_bytes);
  gauge("greenroom_store_cache_bytes", "Blocks of files in memory, at most store.cache_mib",
        s.cache_bytes);
  gauge("greenroom_store_journal_bytes", "RocksDB's own log", s.journal_bytes);
  gauge("greenroom_store_pending_compaction_bytes", "What waits to be compacted",
        s.pending_compaction_bytes);
  gauge("greenroom_store_running_compactions", "Compactions that run now", s.compactions);
  gauge("greenroom_store_delayed_write_bytes_per_second",
        "What writes are slowed down to; 0: they are not", s.delayed_write_bytes_per_s);
  gauge("greenroom_store_stopped", "1: writes wait for compactions", s.stopped ? 1 : 0);
  put(into, MetricType::Counter, "greenroom_store_background_errors_total",
      "Flushes and compactions that have failed", s.background_errors);
  gauge("greenroom_disk_free_bytes", "Free on the file system of the store", s.free_bytes);
  gauge("greenroom_disk_capacity_bytes", "Size of that file system", s.capacity_bytes);
  {
    family_builder age(MetricType::Gauge, "greenroom_backup_age_seconds",
                       "Since the newest backup of this node was made");
    const auto newest = env.backups ? env.backups->look().newest : 0;
    if (newest != 0) age.add(static_cast<double>(now_ms() - newest) / 1000);
    into.push_back(age.take_family());
  }
  const auto sizes = store::sizes(env.db);
  const auto name_of = [](const auto& row) { return store::to_string(row.of); };
  put_each(into, MetricType::Gauge, "greenroom_store_family_records", "Records, estimated",
           "family", sizes, name_of, [](const auto& row) { return row.records; });
  put_each(into, MetricType::Gauge, "greenroom_store_family_bytes", "In files, compressed",
           "family", sizes, name_of, [](const auto& row) { return row.disk_bytes; });
  const auto log = env.log.stats();
  put(into, MetricType::Counter, "greenroom_log_batches_total", "Synced writes of the log",
      log.batches);
  put(into, MetricType::Counter, "greenroom_log_entries_total", "Entries written with them",
      log.entries);
  put(into, MetricType::Counter, "greenroom_log_written_bytes_total", "Bytes of them", log.bytes);
}

}  // namespace

std::string node_metrics(const environment& env, const peers& links) {
  link_metrics::instance();  // there from the start
  families all = request_figures();
  put_actors(all);
  put_cluster(all, env, links);
  put_replicas(all, env);
  put_store(all, env);
  return telemetry::metrics_text(std::move(all));
}

}  // namespace greenroom::actors

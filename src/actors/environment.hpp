// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What every actor of a node may use. Built once by the node before the first actor, outlives all.

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/cluster_interfaces.hpp"
#include "actors/disk_memory.hpp"
#include "actors/disk_paces.hpp"
#include "actors/door.hpp"
#include "actors/health.hpp"
#include "actors/hook_guard.hpp"
#include "actors/login_guard.hpp"
#include "actors/rate_limiter.hpp"
#include "actors/replica_table.hpp"
#include "actors/request_limiter.hpp"
#include "actors/room_feed.hpp"
#include "actors/search_places.hpp"
#include "actors/switchboard.hpp"
#include "actors/worker_pool.hpp"
#include "config/settings.hpp"
#include "net/port.hpp"
#include "raft/transfer_budget.hpp"
#include "store/database.hpp"
#include "store/log.hpp"
#include "telemetry/audit_log.hpp"

namespace greenroom::archive {
class backup_keeper;
}

namespace greenroom::actors {

class transport;

static_assert(transfer_share_min == raft::turn_bytes_min && raft::turn_ms == 1000);

struct environment {
  environment(const greenroom::settings& settings, store::database& database,
              store::log_writer& writer, actors::switchboard& switches)
      : config(settings),
        db(database),
        log(writer),
        board(switches),
        limiter(settings.limits.messages_per_minute),
        requests(settings.limits.requests_per_minute),
        addresses(settings.auth.failed_logins_per_minute_per_address),
        hook_callers(settings.auth.failed_logins_per_minute_per_address),
        health(switches),
        disks(database),
        transfers(std::make_shared<raft::transfer_budget>(
            raft::transfer_limits{settings.cluster.transfers_at_once,
                                  settings.cluster.transfer_bytes_per_second},
            [] {
              return static_cast<raft::steady_ms>(
                  std::chrono::duration_cast<std::chrono::milliseconds>(
                      std::chrono::steady_clock::now().time_since_epoch())
                      .count());
            })) {}

  const greenroom::settings config;
  store::database& db;
  store::log_writer& log;
  actors::switchboard& board;
  /// Null until the listener is up (never null when a connection exists).
  std::atomic<net::socket_port*> sockets{nullptr};
  std::shared_ptr<worker_pool> workers;
  std::shared_ptr<actors::transport> nodes;  ///< null in a cluster of one
  actors::rate_limiter limiter;              ///< of what changes something
  request_limiter requests;                  ///< of all else that people ask for
  address_guard addresses;                   ///< from where log-ins fail
  hook_guard hook_callers;                   ///< from where calls of incoming webhooks fail
  actors::health health;
  actors::replica_table replicas;
  disk_memory disks;
  disk_paces paces;
  /// What the replicas of this node may fetch and give together.
  const std::shared_ptr<raft::transfer_budget> transfers;
  door<admin_actor> admin;
  door<cluster_actor> cluster;
  room_feed search;  ///< for the full-text index
  door<searcher_actor> searcher;
  std::unique_ptr<telemetry::audit_log> audit;  ///< null where nobody keeps one (tests)
  room_feed hooks;                              ///< for the sender of webhooks
  search_places look_ups;                       ///< that wait for the searcher
  /// When the certificates end that this node has loaded, by what they are; empty in a cluster of
  /// one.
  std::vector<std::pair<std::string, unix_ms>> certificates;
  std::shared_ptr<archive::backup_keeper> backups;  ///< null where nobody makes any (tests)
};
using environment_ptr = std::shared_ptr<environment>;

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What every actor of a node may use. Built once by the node before the first actor, outlives all.

#include <atomic>
#include <memory>

#include "actors/cluster_interfaces.hpp"
#include "actors/disk_memory.hpp"
#include "actors/door.hpp"
#include "actors/health.hpp"
#include "actors/login_guard.hpp"
#include "actors/rate_limiter.hpp"
#include "actors/replica_table.hpp"
#include "actors/search_feed.hpp"
#include "actors/switchboard.hpp"
#include "actors/worker_pool.hpp"
#include "config/settings.hpp"
#include "net/port.hpp"
#include "store/database.hpp"
#include "store/log.hpp"

namespace greenroom::actors {

class transport;

struct environment {
  environment(const greenroom::settings& settings, store::database& database,
              store::log_writer& writer, actors::switchboard& switches)
      : config(settings),
        db(database),
        log(writer),
        board(switches),
        limiter(settings.limits.messages_per_minute),
        addresses(settings.auth.failed_logins_per_minute_per_address),
        health(switches),
        disks(database) {}

  const greenroom::settings config;
  store::database& db;
  store::log_writer& log;
  actors::switchboard& board;
  /// Null until the listener is up (never null when a connection exists).
  std::atomic<net::socket_port*> sockets{nullptr};
  std::shared_ptr<worker_pool> workers;
  std::shared_ptr<actors::transport> nodes;  ///< null in a cluster of one
  actors::rate_limiter limiter;
  address_guard addresses;  ///< from where log-ins fail
  actors::health health;
  actors::replica_table replicas;
  disk_memory disks;
  door<admin_actor> admin;
  door<cluster_actor> cluster;
  search_feed search;
  door<searcher_actor> searcher;
};
using environment_ptr = std::shared_ptr<environment>;

}  // namespace greenroom::actors

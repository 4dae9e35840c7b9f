// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// How nodes reach each other: the cluster port, and dialing those of others. Joins net's TLS
/// connections with CAF's broker, which speaks BASP over them (tls_scribe.hpp).

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "actors/cluster_interfaces.hpp"
#include "config/settings.hpp"
#include "net/tls_listener.hpp"
#include "security/identity.hpp"

namespace greenroom::actors {

/// Thread-safe. The process opens and closes it.
class transport {
 public:
  transport(caf::actor_system& system, const security::identity& identity);
  ~transport();
  transport(const transport&) = delete;
  transport& operator=(const transport&) = delete;

  /// Opens the cluster port; callers reach `door`.
  expected<void> open(const cluster_settings& settings, const gate_actor& door);
  /// Blocks for some seconds at most.
  dialed dial(const std::string& host, std::uint16_t port);
  /// The caller with this address has proved who it is; others are closed after a while.
  void proved(const std::string& address, std::uint16_t port);
  /// The connection with this other side, if it is still there; else null.
  [[nodiscard]] net::tls_connection_ptr connection_with(const std::string& address,
                                                        std::uint16_t port);
  /// No callers any more, and nobody is dialed; what is connected stays.
  void close_port();
  /// All connections end. When no actor is left that could use this.
  void close();

 private:
  void remember(const net::tls_connection_ptr& connection);

  caf::actor_system& system_;
  const std::shared_ptr<ssl_ctx_st> tls_;
  caf::actor broker_;
  std::atomic<bool> closing_{false};
  std::mutex mutex_;  ///< for both below
  std::vector<std::weak_ptr<net::tls_connection>> connections_;
  std::unique_ptr<net::tls_listener> listener_;
};

}  // namespace greenroom::actors

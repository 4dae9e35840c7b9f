// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The listener that serves WebSocket, the HTTP API and a node's own pages on one port, and the
/// binary framing over TCP on another.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/port.hpp"

namespace greenroom::net {

/// Limits and time-outs; the defaults are those of config/greenroom.toml.
struct server_options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;                 ///< 0: any free one
  std::string tcp_address;                   ///< of the binary framing; empty: nobody listens
  std::uint16_t tcp_port = 0;                ///< 0: any free one
  unsigned io_threads = 1;                   ///< at most 255
  std::vector<std::string> allowed_origins;  ///< besides the server's own
  std::size_t max_connections = 10000;
  std::size_t turned_away_max = 64;  ///< beyond it: told why; more are closed without a word
  std::uint32_t connects_per_minute_per_address = 0;  ///< 0: off; never applied to loopback
  std::uint32_t connections_per_address = 0;          ///< open at once; 0: off; the same
  std::size_t max_message_bytes = 1 << 20;
  std::size_t max_body_bytes = 1 << 20;
  /// The most before anybody is authenticated: a log-in that resumes 1,000 rooms fits.
  std::size_t anonymous_message_bytes = 64 * 1024;
  std::size_t anonymous_body_bytes = 64 * 1024;
  /// Of what has arrived in part, of all connections together.
  std::size_t inbound_bytes = 64 << 20;
  /// Of answers over HTTP that are not taken yet, of all connections together.
  std::size_t outbound_bytes = 128 << 20;
  std::uint32_t max_header_bytes = 8192;
  /// Documents from this size on are compressed for clients who have agreed to it; 0: nobody is
  /// offered that.
  std::size_t deflate_from_bytes = 1024;
  std::size_t outbound_queue_messages = 1000;
  std::size_t outbound_queue_bytes = 8 << 20;
  std::size_t max_inflight_per_connection = 128;
  std::chrono::milliseconds heartbeat{30000};
  std::chrono::milliseconds auth_timeout{10000};
  std::chrono::milliseconds io_timeout{30000};      ///< reading a request, writing anything
  std::chrono::milliseconds request_timeout{5000};  ///< a call that is not done by then: 503
};

/// What a page callback returns. Called on I/O threads: must be quick and must not block.
struct page {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
};

/// A node's own pages.
struct node_pages {
  std::function<page()> health;        ///< GET /health
  std::function<page()> health_live;   ///< GET /health/live
  std::function<page()> health_ready;  ///< GET /health/ready
  std::function<page()> metrics;       ///< GET /metrics
  std::string version;                 ///< shown by GET /api
};

class server final {
 public:
  /// Binds and listens, or says why not (port in use, no permission). `handler` outlives the
  /// server.
  static expected<std::unique_ptr<server>> start(const server_options& options,
                                                 connection_handler& handler, node_pages pages);
  /// Whether start() could listen there now; says why not.
  static expected<void> can_listen(const std::string& address, std::uint16_t port);
  /// Stops at once, if it has not been.
  ~server();
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  /// Closes all that is open and ends the threads. sockets() may still be called afterwards, as
  /// long as the server lives, and does nothing then.
  void stop();
  [[nodiscard]] std::uint16_t port() const noexcept;
  /// 0: nobody listens.
  [[nodiscard]] std::uint16_t tcp_port() const noexcept;
  socket_port& sockets() noexcept;
  /// No new connections; those that are open get close code 1001 after their queues are empty, at
  /// the latest after `grace`; then `done` is called.
  void drain(std::chrono::milliseconds grace, std::function<void()> done);

 private:
  struct impl;
  explicit server(std::unique_ptr<impl> state);
  std::unique_ptr<impl> impl_;
};

}  // namespace greenroom::net

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The figures of the listener. References are looked up once; all of it is thread-safe.

#include <cstdint>
#include <string_view>

#include "telemetry/metrics.hpp"

namespace greenroom::net {

struct net_metrics {
  prometheus::Gauge& websockets;
  prometheus::Gauge& sockets;  ///< of all kinds
  prometheus::Counter& messages_in;
  prometheus::Counter& messages_out;
  prometheus::Counter& bytes_in;
  prometheus::Counter& bytes_out;
  prometheus::Counter& too_slow;
  prometheus::Counter& answers_refused;  ///< for which limits.outbound_bytes had no room
  prometheus::Gauge& tcp_clients;

  static net_metrics& instance();

  /// Callers at the cluster port that were closed: "handshake", "slow", "crowded", "unproved".
  static prometheus::Counter& cluster_caller_closed(std::string_view reason);
  /// Counts a connection that was turned away: "full", "rate", "address", "origin" or "memory".
  void refused(std::string_view reason);
  /// Counts an HTTP answer under its class: "2xx", "4xx" …
  void answered(unsigned status);
  /// Counts the end of a WebSocket under its close code; 0: the peer went without one.
  void closed(std::uint16_t code);
  /// The same for the binary framing over TCP; 0: the peer went without being told anything.
  void tcp_closed(std::uint16_t code);
};

}  // namespace greenroom::net

// SPDX-License-Identifier: MIT
#include "actors/listener_options.hpp"

#include <chrono>

#include "config/listen_address.hpp"

namespace greenroom::actors {

net::server_options server_options_of(const greenroom::settings& s,
                                      const config::descriptor_plan& descriptors) {
  net::server_options o;
  o.address = s.http.address;
  o.port = s.http.port;
  if (const auto at = config::parse_listen_address(s.tcp.listen)) {
    o.tcp_address = at->address;
    o.tcp_port = at->port;
  }
  o.io_threads = s.http.io_threads;
  o.allowed_origins = s.http.allowed_origins;
  o.max_connections = s.limits.max_connections;
  o.turned_away_max = descriptors.turned_away;
  o.connects_per_minute_per_address = s.limits.connects_per_minute_per_address;
  o.connections_per_address = s.limits.connections_per_address;
  o.max_message_bytes = s.websocket.max_message_bytes;
  o.max_body_bytes = s.http.max_body_bytes;
  o.max_header_bytes = s.http.max_header_bytes;
  o.outbound_queue_messages = s.limits.outbound_queue_messages;
  o.outbound_queue_bytes = s.limits.outbound_queue_bytes;
  o.max_inflight_per_connection = s.limits.max_inflight_per_connection;
  o.inbound_bytes = s.limits.inbound_bytes;
  o.outbound_bytes = s.limits.outbound_bytes;
  o.heartbeat = std::chrono::seconds(s.websocket.heartbeat_s);
  o.deflate_from_bytes = s.websocket.deflate_from_bytes;
  o.auth_timeout = std::chrono::seconds(s.websocket.auth_timeout_s);
  o.io_timeout = std::chrono::seconds(s.http.request_timeout_s);
  o.request_timeout = std::chrono::milliseconds(s.limits.request_timeout_ms);
  return o;
}

}  // namespace greenroom::actors

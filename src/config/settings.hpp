// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Everything an operator can set, as a plain value that is built once at start and copied to
/// whoever needs a part of it. The initialisers are the defaults. What each key means, its unit and
/// its limits are in the table (table.cpp), and for people in config/greenroom.toml; a test holds
/// the three together. Units are the last word of a name.

#include <cstdint>
#include <string>
#include <vector>

namespace greenroom {

struct node_settings {
  std::string name = "node1";
  std::string data_dir = "greenroom-data";  ///< absolute once loaded
};

struct http_settings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;  ///< 0: a free one, which the ready line of the log names
  std::uint32_t io_threads = 1;
  std::vector<std::string> allowed_origins;  ///< besides the same origin; "*" is any
  std::uint32_t request_timeout_s = 30;      ///< for reading a request and for writing its answer
  std::uint32_t max_body_bytes = 1024 * 1024;
  std::uint32_t max_header_bytes = 8192;
};

struct websocket_settings {
  std::uint32_t max_message_bytes = 1024 * 1024;
  std::uint32_t heartbeat_s = 30;
  std::uint32_t auth_timeout_s = 10;
  std::uint32_t deflate_from_bytes = 1024;  ///< 0: permessage-deflate is not offered
};

struct limit_settings {
  std::uint32_t messages_per_minute = 100;   ///< 0: no limit
  std::uint32_t requests_per_minute = 6000;  ///< of each type that changes nothing; 0: no limit
  std::uint32_t max_connections = 10'000;
  std::uint32_t outbound_queue_messages = 1000;
  std::uint32_t outbound_queue_bytes = 8 * 1024 * 1024;
  std::uint32_t outbound_bytes = 128 * 1024 * 1024;     ///< of answers over HTTP
  std::uint32_t connects_per_minute_per_address = 600;  ///< 0: no limit; never for loopback
  std::uint32_t connections_per_address = 1000;         ///< 0: no limit; never for loopback
  std::uint32_t request_timeout_ms = 5000;
  std::uint32_t max_inflight_per_connection = 128;
  std::uint32_t inbound_bytes = 64 * 1024 * 1024;
  std::uint32_t rooms_per_user = 1000;       ///< 0: no limit
  std::uint32_t members_per_room = 100'000;  ///< 0: no limit
};

struct history_settings {
  std::uint32_t page = 50;
  std::uint32_t max_page = 200;
};

struct room_settings {
  std::uint32_t recent_messages = 50;
  std::uint32_t idle_park_s = 3600;
};

struct resume_settings {
  std::uint32_t max_entries = 1000;
};

struct auth_settings {
  std::uint32_t access_token_s = 3600;
  std::uint32_t refresh_token_s = 30 * 24 * 3600;
  std::uint32_t argon2_memory_mib = 19;
  std::uint32_t argon2_ops = 2;
  std::uint32_t hash_workers = 2;
  std::uint32_t failed_logins_per_minute = 10;              ///< of one account; 0: no limit
  std::uint32_t failed_logins_per_minute_per_address = 60;  ///< 0: no limit; never for loopback
  std::uint32_t key_rotation_days = 0;                      ///< 0: only when an operator asks
};

struct log_settings {
  std::string durability = "fsync";  ///< "fsync" or "os"
  std::string level = "info";        ///< "trace", "debug", "info", "warn", "error"
  std::string format = "auto";       ///< "auto", "text", "json"
};

struct cluster_settings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: no cluster port, a cluster of one
  std::string advertise;   ///< "host:port"; never empty after loading when port is set
  std::vector<std::string> initial_nodes;
  std::vector<std::string> seeds;
  std::uint32_t shards = 32;
  std::uint32_t replicas = 3;  ///< odd
  std::string certificate;     ///< paths; absolute once loaded
  std::string key;
  std::string ca;
  std::uint32_t heartbeat_ms = 250;
  std::uint32_t connection_timeout_ms = 2000;
  std::uint32_t election_timeout_ms = 750;
  std::string rebalance = "auto";  ///< "auto" or "manual"
  std::uint32_t transfers_at_once = 4;
  std::uint32_t transfer_bytes_per_second = 32 << 20;  ///< 0: no limit
};

/// Each of cluster.transfers_at_once is to have so many of cluster.transfer_bytes_per_second: who
/// gets less is given up before his turn comes.
inline constexpr std::uint32_t transfer_share_min = 32 << 10;

struct client_settings {
  std::uint32_t connect_timeout_s = 10;
  std::uint32_t io_timeout_s = 30;
};

struct admin_settings {
  std::string socket;  ///< never empty after loading
};

struct store_settings {
  std::uint32_t cache_mib = 64;
  std::uint32_t write_buffer_mib = 64;
  std::uint32_t reserve_mib = 256;  ///< see placement/disk_room.hpp; 0: none
};

struct actor_settings {
  std::uint32_t threads = 0;  ///< 0: as many as processors
  std::uint32_t max_throughput = 300;
};

struct search_settings {
  bool enabled = true;
};

struct audit_settings {
  std::uint32_t max_file_mib = 16;
  std::uint32_t old_files = 10;
};

struct retention_settings {
  std::uint32_t check_every_ms = 60'000;
};

struct webhook_settings {
  bool allow_private = false;  ///< outgoing ones to addresses that are not public
  std::uint32_t retries = 8;
};

struct chaos_settings {
  bool enabled = false;  ///< the console may make actors fail
};

struct backup_settings {
  std::uint32_t every = 0;  ///< seconds; 0: none by the clock
  std::uint32_t keep = 7;
};

/// Clients of the binary framing; its messages, heartbeat and log-in have the limits of WebSocket.
struct tcp_settings {
  std::string listen;  ///< "address:port", port 0: a free one; empty: nobody listens
};

struct telemetry_settings {
  bool actors = true;  ///< actors count what they do
};

struct settings {
  node_settings node;
  http_settings http;
  websocket_settings websocket;
  limit_settings limits;
  history_settings history;
  room_settings rooms;
  resume_settings resume;
  auth_settings auth;
  log_settings log;
  cluster_settings cluster;
  client_settings client;
  admin_settings admin;
  store_settings store;
  actor_settings actors;
  search_settings search;
  retention_settings retention;
  chaos_settings chaos;
  audit_settings audit;
  webhook_settings webhooks;
  backup_settings backup;
  tcp_settings tcp;
  telemetry_settings telemetry;
};

}  // namespace greenroom

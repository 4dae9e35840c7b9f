// SPDX-License-Identifier: MIT
#include "config/table.hpp"

#include <algorithm>
#include <numeric>

#include "protocol/limits.hpp"

namespace greenroom::config {

namespace {

template <auto Section, auto Member>
field at(settings& s) {
  return &((s.*Section).*Member);
}

constexpr std::uint32_t kib = 1024;
constexpr std::uint32_t mib = 1024 * kib;
constexpr std::uint32_t hour_s = 3600;
constexpr std::uint32_t day_s = 24 * hour_s;
constexpr std::uint32_t million = 1'000'000;

// clang-format off: a table reads best as one.
constexpr key table[] = {
    {"node.name", at<&settings::node, &node_settings::name>, "",
     "Name of this node, unique in its cluster: 1 to 63 letters, digits, '-', '_' or '.'."},
    {"node.data_dir", at<&settings::node, &node_settings::data_dir>, "",
     "Folder for everything the node keeps. Relative paths start at the working directory.", 0, 0,
     "", true},

    {"http.address", at<&settings::http, &http_settings::address>, "",
     "Address on which clients are served, WebSocket and HTTP on the same port."},
    {"http.port", at<&settings::http, &http_settings::port>, "",
     "Port for clients; 0 takes a free one.", 0, 65535},
    {"http.io_threads", at<&settings::http, &http_settings::io_threads>, "threads",
     "Threads that read and write sockets.", 1, 64},
    {"http.allowed_origins", at<&settings::http, &http_settings::allowed_origins>, "",
     "Origins of web pages that may connect besides the node's own, such as "
     "\"https://chat.example.org\"; \"*\" allows any."},
    {"http.request_timeout_s", at<&settings::http, &http_settings::request_timeout_s>, "seconds",
     "Time for a client to send a whole request, and to take its answer.", 1, hour_s},
    {"http.max_body_bytes", at<&settings::http, &http_settings::max_body_bytes>, "bytes",
     "Largest body of a request.", kib, 64 * mib},
    {"http.max_header_bytes", at<&settings::http, &http_settings::max_header_bytes>, "bytes",
     "Largest header of a request, its first line included.", kib, mib},

    {"websocket.max_message_bytes",
     at<&settings::websocket, &websocket_settings::max_message_bytes>, "bytes",
     "Largest message from a client; a larger one closes the connection with 1009.", kib,
     limits::document_bytes_max},
    {"websocket.heartbeat_s", at<&settings::websocket, &websocket_settings::heartbeat_s>, "seconds",
     "A client that is silent for this long is pinged, and dropped after as much again.", 1,
     hour_s},
    {"websocket.auth_timeout_s", at<&settings::websocket, &websocket_settings::auth_timeout_s>,
     "seconds", "Time for a new connection to authenticate.", 1, hour_s},
    {"websocket.deflate_from_bytes",
     at<&settings::websocket, &websocket_settings::deflate_from_bytes>, "bytes",
     "What is sent is compressed from this size on, for clients that offer permessage-deflate; 0 "
     "agrees to it with nobody.",
     0, limits::document_bytes_max},

    {"limits.messages_per_minute", at<&settings::limits, &limit_settings::messages_per_minute>,
     "messages per minute",
     "Messages a person may send, and as many changes of each other kind; 0 is no limit.", 0,
     million},
    {"limits.requests_per_minute", at<&settings::limits, &limit_settings::requests_per_minute>,
     "requests per minute",
     "Requests of each type that changes nothing (reads, marks, typing), of a person on a node; 0 "
     "is no limit.",
     0, million},
    {"limits.max_connections", at<&settings::limits, &limit_settings::max_connections>,
     "connections", "Connections served at once; one more gets 503 or close code 1013.", 1,
     million},
    {"limits.outbound_queue_messages",
     at<&settings::limits, &limit_settings::outbound_queue_messages>, "messages",
     "Messages that may wait for a slow client before its connection is closed.", 1, million},
    {"limits.outbound_queue_bytes", at<&settings::limits, &limit_settings::outbound_queue_bytes>,
     "bytes", "Bytes that may wait for a slow client before its connection is closed.", 64 * kib,
     1024 * mib},
    {"limits.outbound_bytes", at<&settings::limits, &limit_settings::outbound_bytes>, "bytes",
     "Answers over HTTP that their clients have not taken yet, of all connections together; "
     "whoever "
     "asks for more then gets 503.",
     mib, 2048 * mib - 1},
    {"limits.connects_per_minute_per_address",
     at<&settings::limits, &limit_settings::connects_per_minute_per_address>,
     "connections per minute",
     "New connections from one address; 0 is no limit. Never applied to loopback.", 0, million},
    {"limits.connections_per_address",
     at<&settings::limits, &limit_settings::connections_per_address>, "connections",
     "Connections of one address that are open at once; one more gets 429 or close code 1013. 0 is "
     "no limit, as behind a proxy, whose address all clients have. Never applied to loopback.",
     0, million},
    {"limits.request_timeout_ms", at<&settings::limits, &limit_settings::request_timeout_ms>,
     "milliseconds", "Time for the cluster to answer a request before the client gets UNAVAILABLE.",
     100, 10 * 60 * 1000},
    {"limits.max_inflight_per_connection",
     at<&settings::limits, &limit_settings::max_inflight_per_connection>, "requests",
     "Requests of one connection in progress at once; reading pauses above it.", 1, 100'000},
    {"limits.inbound_bytes", at<&settings::limits, &limit_settings::inbound_bytes>, "bytes",
     "Messages and bodies that have arrived in part, of all connections together; whoever sends "
     "more then is turned away with 1013 or 503.",
     mib, 2048 * mib - 1},
    {"limits.rooms_per_user", at<&settings::limits, &limit_settings::rooms_per_user>, "rooms",
     "Rooms a person may be in, direct ones not counted; creating or joining one more is CONFLICT. "
     "0 is no limit.",
     0, million},
    {"limits.members_per_room", at<&settings::limits, &limit_settings::members_per_room>, "members",
     "Members of a room; joining it then is CONFLICT. 0 is no limit.", 0, 10 * million},

    {"history.page", at<&settings::history, &history_settings::page>, "messages",
     "Messages in a page of history when the client does not say.", 1, limits::list_limit_max},
    {"history.max_page", at<&settings::history, &history_settings::max_page>, "messages",
     "Most messages in a page of history.", 1, limits::list_limit_max},

    {"rooms.recent_messages", at<&settings::rooms, &room_settings::recent_messages>, "messages",
     "Latest messages of an active room that are kept in memory.", 0, 10'000},
    {"rooms.idle_park_s", at<&settings::rooms, &room_settings::idle_park_s>, "seconds",
     "A room without traffic for this long leaves memory until somebody needs it.", 1, 30 * day_s},

    {"resume.max_entries", at<&settings::resume, &resume_settings::max_entries>, "entries",
     "Most missed entries of a room that a resuming client is sent; beyond it loads history.", 1,
     100'000},

    {"auth.access_token_s", at<&settings::auth, &auth_settings::access_token_s>, "seconds",
     "Life of an access token.", 10, 30 * day_s},
    {"auth.refresh_token_s", at<&settings::auth, &auth_settings::refresh_token_s>, "seconds",
     "Life of a refresh token: who stays away longer logs in again.", 60, 3650 * day_s},
    {"auth.argon2_memory_mib", at<&settings::auth, &auth_settings::argon2_memory_mib>, "MiB",
     "Memory for hashing one password with argon2id.", 1, 4096},
    {"auth.argon2_ops", at<&settings::auth, &auth_settings::argon2_ops>, "passes",
     "Passes of argon2id over that memory.", 1, 100},
    {"auth.hash_workers", at<&settings::auth, &auth_settings::hash_workers>, "threads",
     "Passwords hashed at the same time.", 1, 64},
    {"auth.failed_logins_per_minute", at<&settings::auth, &auth_settings::failed_logins_per_minute>,
     "attempts per minute",
     "Wrong passwords of one account before more attempts have to wait; where the account has been "
     "used from is counted apart. 0 is no limit.",
     0, million},
    {"auth.failed_logins_per_minute_per_address",
     at<&settings::auth, &auth_settings::failed_logins_per_minute_per_address>,
     "attempts per minute",
     "Log-ins from one address that fail, of whatever accounts, before more have to wait; 0 is no "
     "limit. Never applied to loopback.",
     0, million},
    {"auth.key_rotation_days", at<&settings::auth, &auth_settings::key_rotation_days>, "days",
     "Age at which the key that signs access tokens is followed by a new one; 0 is only when an "
     "operator asks for it (greenroom console key rotate).",
     0, 3650},

    {"log.durability", at<&settings::log, &log_settings::durability>, "",
     "When a write counts as kept: \"fsync\" when it is on disk, \"os\" when the operating system "
     "has it, which a power cut can lose.",
     0, 0, "fsync|os"},
    {"log.level", at<&settings::log, &log_settings::level>, "",
     "Least serious line that is logged.", 0, 0, "trace|debug|info|warn|error"},
    {"log.format", at<&settings::log, &log_settings::format>, "",
     "\"text\", \"json\", or \"auto\": text on a terminal and JSON elsewhere.", 0, 0,
     "auto|text|json"},

    {"cluster.address", at<&settings::cluster, &cluster_settings::address>, "",
     "Address on which other nodes are served."},
    {"cluster.port", at<&settings::cluster, &cluster_settings::port>, "",
     "Port for other nodes; 0 opens none, and the node is a cluster of one. "
     "Needs certificate, key and ca.",
     0, 65535},
    {"cluster.advertise", at<&settings::cluster, &cluster_settings::advertise>, "",
     "\"host:port\" under which other nodes reach this one; empty: address and port."},
    {"cluster.initial_nodes", at<&settings::cluster, &cluster_settings::initial_nodes>, "",
     "\"host:port\" of the nodes that form the cluster, this one included; the same list on each. "
     "Counts only while the disk is empty."},
    {"cluster.seeds", at<&settings::cluster, &cluster_settings::seeds>, "",
     "\"host:port\" of nodes to ask when joining a cluster that exists."},
    {"cluster.shards", at<&settings::cluster, &cluster_settings::shards>, "shards",
     "Parts into which rooms and people are divided; chosen when the cluster is formed.", 1, 1024},
    {"cluster.replicas", at<&settings::cluster, &cluster_settings::replicas>, "copies",
     "Nodes that keep each part, when there are so many: 1, 3 or 5. All goes on as long as more "
     "than "
     "half of them run; chosen when the cluster is formed.",
     1, 5},
    {"cluster.certificate", at<&settings::cluster, &cluster_settings::certificate>, "",
     "File (PEM) with this node's certificate.", 0, 0, "", true},
    {"cluster.key", at<&settings::cluster, &cluster_settings::key>, "",
     "File (PEM) with its private key.", 0, 0, "", true},
    {"cluster.ca", at<&settings::cluster, &cluster_settings::ca>, "",
     "File (PEM) with the certificate of the cluster's private authority.", 0, 0, "", true},
    {"cluster.heartbeat_ms", at<&settings::cluster, &cluster_settings::heartbeat_ms>,
     "milliseconds", "Interval of heartbeats between nodes.", 10, 60'000},
    {"cluster.connection_timeout_ms",
     at<&settings::cluster, &cluster_settings::connection_timeout_ms>, "milliseconds",
     "A node that is silent for this long counts as gone; at least twice the heartbeat.", 50,
     10 * 60 * 1000},
    {"cluster.election_timeout_ms", at<&settings::cluster, &cluster_settings::election_timeout_ms>,
     "milliseconds",
     "Other copies of a part elect a new leader when theirs has been silent for one to two times "
     "as "
     "long; above pauses of the machines and far above the way between them.",
     100, 60'000},
    {"cluster.rebalance", at<&settings::cluster, &cluster_settings::rebalance>, "",
     "Whether parts move to nodes that have fewer by themselves, or only with the console's "
     "rebalance. What is lost with a node is made up for in any case.",
     0, 0, "auto|manual"},
    {"cluster.transfers_at_once", at<&settings::cluster, &cluster_settings::transfers_at_once>,
     "transfers",
     "States of parts that this node fetches at once, and that it gives to others at once; more "
     "wait.",
     1, 1024},
    {"cluster.transfer_bytes_per_second",
     at<&settings::cluster, &cluster_settings::transfer_bytes_per_second>, "bytes per second",
     "What it fetches of them, and what it gives, of all together; 0 is no limit, otherwise at "
     "least 32768 for each of transfers_at_once.",
     0, 2'147'483'647},

    {"client.connect_timeout_s", at<&settings::client, &client_settings::connect_timeout_s>,
     "seconds", "Time for an outgoing connection to be made.", 1, hour_s},
    {"client.io_timeout_s", at<&settings::client, &client_settings::io_timeout_s>, "seconds",
     "Time for one read or write on an outgoing connection.", 1, hour_s},

    {"admin.socket", at<&settings::admin, &admin_settings::socket>, "",
     "Unix socket for the console; empty: admin.sock in the data folder.", 0, 0, "", true},

    {"store.cache_mib", at<&settings::store, &store_settings::cache_mib>, "MiB",
     "Cache for blocks read from disk.", 1, 1024 * 1024},
    {"store.write_buffer_mib", at<&settings::store, &store_settings::write_buffer_mib>, "MiB",
     "Memory for writes that are not yet in table files, for all column families together.", 1,
     64 * 1024},
    {"store.reserve_mib", at<&settings::store, &store_settings::reserve_mib>, "MiB",
     "Room that is left free on the disk: with less than twice as much the node leads nothing that "
     "others can lead, with less it takes no new messages, with half of it nothing from other "
     "nodes, until there is room again. An eighth of the disk at most; 0: writes until it is full.",
     0, 1024 * 1024},

    {"actors.threads", at<&settings::actors, &actor_settings::threads>, "threads",
     "Threads that run actors; 0: one more than there are processors.", 0, 1024},
    {"actors.max_throughput", at<&settings::actors, &actor_settings::max_throughput>, "messages",
     "Messages an actor handles before another one has its turn.", 1, 100'000},

    {"search.enabled", at<&settings::search, &search_settings::enabled>, "",
     "Keeps a full-text index of the rooms that this node leads, in search.db."},

    {"retention.check_every_ms", at<&settings::retention, &retention_settings::check_every_ms>,
     "milliseconds",
     "How often rooms are looked through for what their retention does not keep any more.", 100,
     hour_s * 1000},

    {"chaos.enabled", at<&settings::chaos, &chaos_settings::enabled>, "",
     "Lets the console make actors fail, to rehearse it. Not for a node that people rely on."},

    {"audit.max_file_mib", at<&settings::audit, &audit_settings::max_file_mib>, "MiB",
     "Size at which audit.jsonl in the data folder is put aside as audit.jsonl.1, and "
     "security.jsonl "
     "likewise.",
     1, 1024},
    {"audit.old_files", at<&settings::audit, &audit_settings::old_files>, "files",
     "How many of those that were put aside are kept, of each of the two.", 0, 1000},
    {"webhooks.allow_private", at<&settings::webhooks, &webhook_settings::allow_private>, "",
     "Lets outgoing webhooks reach addresses that are not public: this machine, its networks."},
    {"webhooks.retries", at<&settings::webhooks, &webhook_settings::retries>, "attempts",
     "Attempts of a delivery after the first, at growing distances, before it is given up.", 0, 20},

    {"backup.every", at<&settings::backup, &backup_settings::every>, "seconds",
     "How often this node backs itself up, into backups in its data folder; 0: never.", 0,
     30 * day_s},
    {"backup.keep", at<&settings::backup, &backup_settings::keep>, "backups",
     "How many that nobody has named are kept; older ones are deleted.", 1, 1000},

    {"tcp.listen", at<&settings::tcp, &tcp_settings::listen>, "",
     "Address and port for clients that speak the binary framing over TCP, such as "
     "\"127.0.0.1:9080\" or \"[::]:9080\"; port 0 takes a free one; empty: none. The section "
     "websocket holds for them too."},

    {"telemetry.actors", at<&settings::telemetry, &telemetry_settings::actors>, "",
     "Actors count what they do, for the console, the doctor and the metrics. Off: these figures "
     "are missing, and a message costs a little less."},
};
// clang-format on

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0U);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      auto above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

std::string key::variable() const {
  std::string result = "GREENROOM_";
  for (auto c : name) {
    result += c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return result;
}

std::span<const key> keys() {
  return table;
}

const key* find_key(std::string_view name) {
  auto found = std::ranges::find(table, name, &key::name);
  return found == std::end(table) ? nullptr : &*found;
}

std::string nearest(std::string_view name, const std::vector<std::string>& candidates) {
  std::string best;
  // Beyond half of the name a suggestion would only confuse.
  auto distance = std::max<std::size_t>(3, name.size() / 2);
  for (const auto& candidate : candidates) {
    if (auto d = edit_distance(name, candidate); d < distance) {
      distance = d;
      best = candidate;
    }
  }
  return best;
}

}  // namespace greenroom::config

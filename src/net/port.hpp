// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The border between sockets and actors. `connection_handler` is implemented by the actor side and
/// called on I/O threads: it must not block. `socket_port` is implemented here, is thread-safe and
/// never blocks: work is posted to the I/O thread that owns the socket. No Asio, no CAF in it.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/codec.hpp"
#include "protocol/scopes.hpp"

namespace greenroom::net {

/// Names one socket for the life of the process; never reused. The low 8 bits are the index of the
/// I/O thread that owns it.
using connection_id = std::uint64_t;

constexpr unsigned io_thread_of(connection_id id) noexcept {
  return static_cast<unsigned>(id & 0xff);
}

enum class transport : std::uint8_t { websocket, http, tcp };

/// Who is at the other end.
struct peer {
  std::string address;  ///< textual IP address, without port
  std::uint16_t port = 0;
  bool loopback = false;
  net::transport transport = net::transport::websocket;
  protocol::encoding encoding = protocol::encoding::json;
};

/// One encoded document, immutable, shared by all its receivers.
using frame = std::shared_ptr<const std::string>;

/// Why a connection ended, for logs and the console.
enum class end_reason : std::uint8_t {
  by_peer,
  network_error,
  heartbeat_missed,
  not_authenticated,
  too_slow,
  protocol_violation,
  by_server,
};
std::string_view to_string(end_reason r) noexcept;

/// Counters of one socket, as of a moment ago.
struct connection_report {
  connection_id id = 0;
  net::peer peer;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t messages_in = 0;
  std::uint64_t messages_out = 0;
  std::size_t queued_messages = 0;
  std::size_t queued_bytes = 0;
  std::int64_t open_ms = 0;
  std::int64_t ping_us = -1;   ///< round trip (round_trip.hpp), -1: not known
  std::int64_t heard_ms = -1;  ///< since the peer was last heard, -1: not known
  std::size_t inflight = 0;    ///< requests that have no answer yet
};

/// A bot's token: one to issue, or which one is meant.
struct token_wish {
  std::string username;
  protocol::token_limits limits;
  std::int64_t lifetime_s = 0;  ///< 0: until it is revoked
  std::string label;
  uuid session_id;
};

/// What /api/users/me/…, /api/admin/users/… and /api/admin/bots/… do beside the requests of the
/// protocol.
struct account_action {
  enum class what : std::uint8_t {
    set_role,
    deactivate,
    erase,
    reopen,
    export_all,
    issue_token,
    list_tokens,
    revoke_token,
  };
  what kind = what::export_all;
  bool as_admin = false;     ///< only for server admins
  std::optional<uuid> user;  ///< empty: the asker
  std::string password;      ///< of the asker, where it is his own account
  protocol::user_role role = protocol::user_role::user;
  token_wish token = {};  ///< issue_token, list_tokens, revoke_token
};

/// What /api/admin/announcements does. What is right in it is seen where it is done.
struct announcement_action {
  std::string target;  ///< room, user or everybody
  std::string id;      ///< id, alias or name; empty: none
  std::string content;
};

/// A part of a room's file (docs/protocol.md, section 7).
struct room_export_action {
  uuid room;
  bool as_admin = false;  ///< only for server admins
  std::optional<std::uint64_t> after_seq;
  std::optional<uuid> after_member;
  std::uint32_t limit = 500;
};

/// A part of somebody's messages, room by room (docs/protocol.md, section 7).
struct message_export_action {
  bool as_admin = false;     ///< only for server admins
  std::optional<uuid> user;  ///< empty: the asker
  std::optional<uuid> room;  ///< empty: from his first one
  std::uint64_t after_seq = 0;
  std::uint32_t limit = 500;
};

/// A part of a file from which a room is made (docs/protocol.md, section 7.2), or the end of that.
struct room_restore_action {
  uuid room;
  std::string lines;
  bool abandons = false;
  std::uint64_t to = 0;  ///< the entry of the file up to which; 0: all of them
};

/// A verb of the operator's console (docs/operations.md). What is right in it is seen where it is
/// done.
struct console_action {
  std::string verb;
  std::string args;  ///< a JSON object
  std::uint32_t timeout_ms = 0;
};

/// What /api/rooms/{id}/webhooks/… and /api/hooks/{id} do beside the requests of the protocol.
struct webhook_action {
  enum class what : std::uint8_t { create, list, remove, dead, replay, resume, post };
  what kind = what::list;
  uuid room_id;  ///< all but post
  uuid hook_id;
  uuid delivery_id;
  bool outgoing = false;
  std::string name;  ///< post: in whose name
  std::string url;
  std::uint8_t events = 0;  ///< bits, in the order of `webhook_events`
};
inline constexpr std::array<std::string_view, 3> webhook_events{"message_received",
                                                                "message_updated", "room_event"};

/// One request over HTTP. `done` is called exactly once, from any thread.
struct http_call {
  net::peer peer;
  /// Names the TCP connection, so that its calls can share what was looked up for the token.
  connection_id connection = 0;
  std::optional<std::string> bearer_token;
  protocol::request_envelope request;  ///< message_id: Idempotency-Key, or fresh
  /// Only whether the token is good: answered with ok_response or the error; `request` is ignored.
  bool authenticate_only = false;
  /// `request` is a user_request about oneself (both of its fields are empty).
  bool self = false;
  /// PUT and DELETE of a room's member: whom it concerns (nil: oneself); the request is an
  /// invite_request or a remove_member_request, which say the rest.
  std::optional<uuid> subject;
  /// In the place of a request.
  std::optional<account_action> account;
  std::optional<announcement_action> announcement;  ///< the same
  std::optional<room_export_action> room_export;
  /// In the place of a request; for post the request is the send_message_request, whose room is
  /// in the token, which `bearer_token` holds.
  std::optional<webhook_action> webhook;
  /// In the place of a request.
  std::optional<room_restore_action> room_restore;
  std::optional<message_export_action> message_export;
  /// In the place of a request; answered with a room_export_response whose `lines` is the answer of
  /// the operator's socket, or with an error.
  std::optional<console_action> console;
  /// What the client, or else the node, calls this HTTP request in logs: X-Request-Id.
  std::string request_id;
  std::function<void(protocol::answer_envelope)> done;
};

class connection_handler {
 public:
  virtual ~connection_handler() = default;
  /// Whether the cluster has signed this access token and it is still good, before anything large
  /// is read for its sake; else why not. Who is let in with it is looked at later, with more care.
  [[nodiscard]] virtual expected<void> vouches(const std::string& bearer_token) const = 0;
  /// A WebSocket is open. `bearer_token`: from its Authorization header.
  virtual void opened(connection_id id, const net::peer& who,
                      std::optional<std::string> bearer_token) = 0;
  virtual void received(connection_id id, protocol::request_envelope request) = 0;
  /// A document that could not be decoded; wants an error answer like any request.
  virtual void undecodable(connection_id id, protocol::decode_failure failure) = 0;
  /// The last call for this id (also for the HTTP connections that made calls).
  virtual void closed(connection_id id, end_reason why) = 0;
  /// A request over HTTP.
  virtual void call(http_call c) = 0;
};

/// Room among what waits for one client, for a part of a replay; given back when its last owner
/// lets it go, which is after the part has been sent.
using replay_credit = std::shared_ptr<const void>;

class socket_port {
 public:
  virtual ~socket_port() = default;
  /// The answer to one request of this connection: frees one place of its in-flight limit.
  virtual void answer(connection_id id, frame document) = 0;
  /// An event for one connection, outside the common stream (replay, session events).
  virtual void send(connection_id id, frame document) = 0;
  /// Several frames for one connection, in order, in one hop.
  virtual void send_many(connection_id id, std::vector<frame> documents) = 0;
  /// Wants to send so many events of a replay. `granted` is called once, on any thread, when they
  /// fit into the half of this client's queue that is for replays; never, if he goes before. So a
  /// replay is as fast as who gets it, and he is not cut off for being slower than the log.
  virtual void ask_credit(connection_id id, std::uint32_t messages,
                          std::function<void(replay_credit)> granted) = 0;
  /// One event for many connections of ONE I/O thread: one hop for all of them.
  virtual void fan_out(unsigned io_thread, frame document,
                       std::shared_ptr<const std::vector<connection_id>> receivers) = 0;
  /// Authenticated: the time-out for that no longer applies.
  virtual void authenticated(connection_id id) = 0;
  /// Sends what is queued, then closes.
  virtual void close(connection_id id, close_code code, std::string reason) = 0;
  /// Of all sockets, or of those asked for; gathered across I/O threads, then `done` is called.
  virtual void report(std::function<void(std::vector<connection_report>)> done) = 0;
  [[nodiscard]] virtual unsigned io_threads() const noexcept = 0;
};

}  // namespace greenroom::net

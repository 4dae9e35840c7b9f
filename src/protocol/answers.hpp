// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Every answer and event of the server, as structs (docs/protocol.md, sections 3 and 4).

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "protocol/error.hpp"
#include "protocol/records.hpp"

namespace greenroom::protocol {

struct ok_response {
  bool operator==(const ok_response&) const = default;
};

struct auth_response {
  bool success = true;
  std::string token;
  std::string refresh_token;
  unix_ms expires_at = 0;
  uuid session_id;
  protocol::user user;
  bool operator==(const auth_response&) const = default;
};

struct session_list_response {
  std::vector<session> sessions;
  bool operator==(const session_list_response&) const = default;
};

struct heartbeat_response {
  bool operator==(const heartbeat_response&) const = default;
};

/// Per room: what will be replayed, or why not.
struct resume_result {
  std::uint64_t first_seq = 0;
  std::uint64_t last_seq = 0;
  bool complete = true;
  std::optional<error> failure;
  bool operator==(const resume_result&) const = default;
};

struct resume_response {
  std::map<uuid, resume_result> rooms;
  bool operator==(const resume_response&) const = default;
};

struct room_response {
  protocol::room room;
  /// Beside the room, in the answer to a join only.
  struct joined {
    std::uint64_t last_seq = 0;
    std::uint64_t read_seq = 0;
    member_role role = member_role::member;
    bool operator==(const joined&) const = default;
  };
  std::optional<joined> standing;
  bool operator==(const room_response&) const = default;
};

struct room_list_response {
  std::vector<room> rooms;
  std::optional<std::string> next_cursor;
  bool operator==(const room_list_response&) const = default;
};

struct room_members_response {
  std::vector<member> members;
  std::optional<std::string> next_cursor;
  bool operator==(const room_members_response&) const = default;
};

struct message_ack {
  uuid room_id;
  uuid id;
  std::uint64_t seq = 0;
  unix_ms created_at = 0;
  std::uint64_t term = 0;
  std::uint32_t replicas = 1;
  bool operator==(const message_ack&) const = default;
};

struct history_response {
  std::vector<message> messages;
  bool has_more = false;
  std::uint64_t last_seq = 0;
  bool stale = false;
  bool operator==(const history_response&) const = default;
};

struct message_response {
  protocol::message message;  ///< with delivered_to and read_by
  bool operator==(const message_response&) const = default;
};

struct user_response {
  protocol::user user;
  bool operator==(const user_response&) const = default;
};

struct user_list_response {
  std::vector<user> users;
  std::optional<std::string> next_cursor;
  bool operator==(const user_list_response&) const = default;
};

struct presence_response {
  std::vector<presence> presences;
  bool operator==(const presence_response&) const = default;
};

/// Over HTTP only: what is kept of an account.
struct export_response {
  nlohmann::json account;
  bool operator==(const export_response&) const = default;
};

/// Over HTTP only: webhooks of a room, or deliveries that were given up.
struct webhook_response {
  std::optional<protocol::webhook> webhook;
  std::optional<std::vector<protocol::webhook>> webhooks;
  std::optional<std::vector<webhook_delivery>> deliveries;
  bool operator==(const webhook_response&) const = default;
};

struct search_hit {
  protocol::message message;
  std::string snippet;  ///< some words around what was found
  bool operator==(const search_hit&) const = default;
};

struct search_response {
  std::vector<search_hit> hits;  ///< newest first
  std::optional<std::string> next_cursor;
  std::vector<std::string> late_nodes;  ///< names of nodes that have not answered in time
  bool operator==(const search_response&) const = default;
};

/// Over HTTP only: a part of a room's file, lines of JSON, each with its end.
struct room_export_response {
  std::string lines;
  std::string next;  ///< the query of the part that follows; empty: this is the last
  bool operator==(const room_export_response&) const = default;
};

using answer_data =
    std::variant<ok_response, auth_response, session_list_response, heartbeat_response,
                 resume_response, room_response, room_list_response, room_members_response,
                 message_ack, history_response, message_response, presence_response, user_response,
                 user_list_response, export_response, search_response, error, room_export_response,
                 webhook_response>;

/// The one answer to a request.
struct answer_envelope {
  std::optional<uuid> correlation_id;  ///< empty: the request's message_id could not be read
  unix_ms timestamp = 0;
  answer_data data;
  /// A repeat of an earlier request: nothing was written. message_ack always shows the field.
  bool duplicate = false;
};

// -- events ---------------------------------------------------------------------------------

struct message_received {
  uuid room_id;
  std::uint64_t seq = 0;
  protocol::message message;
};

enum class message_change : std::uint8_t { edited, deleted, reaction, pinned };

struct message_updated {
  uuid room_id;
  std::uint64_t seq = 0;
  uuid by;
  message_change change = message_change::edited;
  std::string emoji;
  protocol::message message;
};

struct room_event {
  uuid room_id;
  std::uint64_t seq = 0;
  room_event_kind kind = room_event_kind::created;
  uuid user_id;
  uuid by;
  protocol::room room;  ///< members: null
};

struct message_status {
  uuid room_id;
  uuid user_id;
  message_state status = message_state::delivered;
  std::uint64_t seq = 0;
};

struct typing_event {
  uuid room_id;
  uuid user_id;
  bool is_typing = false;
};

struct presence_event {
  uuid user_id;
  bool is_online = false;
  std::string status;
  unix_ms last_seen = 0;
};

enum class session_event_kind : std::uint8_t { revoked, draining, stale, recovered };

struct session_event {
  session_event_kind kind = session_event_kind::revoked;
  std::optional<uuid> room_id;
  std::optional<std::int64_t> retry_after_ms;
};

using event_data = std::variant<message_received, message_updated, room_event, message_status,
                                typing_event, presence_event, session_event>;

struct event_envelope {
  unix_ms timestamp = 0;  ///< of a room's event: that of its log entry
  event_data data;
};

}  // namespace greenroom::protocol

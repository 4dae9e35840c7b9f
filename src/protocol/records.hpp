// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What clients see of users, rooms, members, messages and sessions (docs/protocol.md, section 5).
/// In answers every listed field is present, null when empty; in events empty ones are left out.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "protocol/time.hpp"
#include "protocol/uuid.hpp"

namespace greenroom::protocol {

enum class user_role : std::uint8_t { user, bot, admin };
enum class room_type : std::uint8_t { group, open, direct };  ///< wire: group, public, private
enum class member_role : std::uint8_t { guest, member, moderator, admin, owner };
enum class message_type : std::uint8_t { text, image, file, system };
enum class message_state : std::uint8_t { sent, delivered, read };
/// Kinds of `room_event`, in the order of the protocol.
enum class room_event_kind : std::uint8_t {
  created,
  joined,
  left,
  invited,
  removed,
  banned,
  unbanned,
  role,
  updated,
  deleted
};

struct user {
  uuid id;
  std::string username;
  std::string display_name;
  std::string avatar_url;
  bool is_online = false;
  unix_ms last_seen = 0;
  unix_ms created_at = 0;
  user_role role = user_role::user;
  /// Only in one's own record.
  std::optional<std::string> email;
  bool operator==(const user&) const = default;
};

/// The fields of a room that depend on who asks: only in joined lists.
struct room_standing {
  member_role role = member_role::member;
  std::uint64_t read_seq = 0;
  std::uint64_t unread_count = 0;
  std::uint64_t mention_count = 0;
  bool operator==(const room_standing&) const = default;
};

/// How long the messages of a room are kept; what is absent does not limit.
struct room_retention {
  std::optional<std::uint32_t> max_age_days;
  std::optional<std::uint64_t> max_messages;
  bool operator==(const room_retention&) const = default;
};

struct room {
  uuid id;
  std::string name;
  std::string alias;  ///< empty: none
  std::string description;
  std::string topic;
  room_type type = room_type::group;
  bool is_private = false;
  bool archived = false;
  /// Up to room_members_shown_max ids; empty optional = null (as in events).
  std::optional<std::vector<uuid>> members;
  std::uint64_t member_count = 0;
  uuid created_by;
  unix_ms created_at = 0;
  unix_ms last_message_at = 0;
  std::uint64_t last_seq = 0;
  /// Only where something limits.
  std::optional<room_retention> retention;
  std::optional<room_standing> standing;
  bool operator==(const room&) const = default;
};

struct reaction {
  std::string emoji;
  std::uint64_t count = 0;
  std::vector<uuid> user_ids;  ///< at most 20
  bool operator==(const reaction&) const = default;
};

struct message {
  uuid id;          ///< the server's, version 7
  uuid message_id;  ///< the client's
  uuid room_id;
  std::uint64_t seq = 0;
  uuid sender_id;
  message_type type = message_type::text;
  std::string content;
  nlohmann::json metadata;  ///< an object or null
  std::optional<uuid> reply_to;
  std::optional<uuid> thread;
  std::vector<uuid> mentions;
  bool pinned = false;
  message_state status = message_state::sent;
  unix_ms created_at = 0;
  unix_ms edited_at = 0;
  unix_ms deleted_at = 0;
  std::vector<reaction> reactions;
  /// Only in `message_response`.
  std::optional<std::vector<uuid>> delivered_to;
  std::optional<std::vector<uuid>> read_by;
  bool operator==(const message&) const = default;
};

struct member {
  protocol::user user;
  member_role role = member_role::member;
  bool is_online = false;
  std::uint64_t delivered_seq = 0;
  std::uint64_t read_seq = 0;
  unix_ms joined_at = 0;
  bool operator==(const member&) const = default;
};

/// Of one person, as seen by others.
struct presence {
  uuid user_id;
  bool is_online = false;
  std::string status;  ///< online, away, dnd; offline for whoever is not connected
  unix_ms last_seen = 0;
  bool operator==(const presence&) const = default;
};

struct session {
  uuid session_id;
  std::string device_id;
  unix_ms created_at = 0;
  unix_ms last_used_at = 0;
  std::string address;
  bool current = false;
  std::optional<std::string> scopes = {};       ///< of a bot's token, blanks between them
  std::optional<std::vector<uuid>> rooms = {};  ///< that it is limited to
  bool operator==(const session&) const = default;
};

enum class webhook_kind : std::uint8_t { incoming, outgoing };
enum class webhook_event : std::uint8_t { message_received, message_updated, room_event };

/// Of a webhook that sends events: to where, and how far it is.
struct webhook_sending {
  std::string url;
  std::vector<webhook_event> events;
  std::uint64_t delivered_seq = 0;  ///< everything up to here was delivered, or given up
  std::uint32_t failures = 0;       ///< deliveries given up since the last that arrived
  bool paused = false;
  unix_ms paused_at = 0;
  std::string last_error;          ///< of the last delivery that was given up
  std::uint64_t dead_dropped = 0;  ///< given up and forgotten, because there were too many
  bool operator==(const webhook_sending&) const = default;
};

struct webhook {
  uuid id;
  uuid room_id;
  webhook_kind kind = webhook_kind::incoming;
  std::string name;
  uuid created_by;
  unix_ms created_at = 0;
  std::optional<webhook_sending> sending;  ///< outgoing only
  /// Shown once, by whoever has just made it: of an incoming one, of an outgoing one.
  std::optional<std::string> token;
  std::optional<std::string> secret;
  bool operator==(const webhook&) const = default;
};

/// A delivery of a webhook that was given up.
struct webhook_delivery {
  uuid id;
  std::uint64_t seq = 0;  ///< of the event
  unix_ms given_up_at = 0;
  std::uint32_t attempts = 0;
  std::optional<std::uint32_t> status;  ///< of the last answer; empty: there was none
  std::string failure;
  bool replaying = false;  ///< it was asked to be tried again
  bool operator==(const webhook_delivery&) const = default;
};

}  // namespace greenroom::protocol

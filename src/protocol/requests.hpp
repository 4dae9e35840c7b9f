// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Every request a client can make, as a struct, and the one table that decoding, authorisation,
/// rate limits, documentation and tests read (docs/protocol.md, section 3).

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/records.hpp"

namespace greenroom::protocol {

struct register_request {
  std::string username;  ///< folded to lower case by decoding
  std::string password;
  std::optional<std::string> email;
  std::optional<std::string> display_name;
  std::optional<std::string> device_id;
};

/// Exactly one of username+password, token, refresh_token.
struct auth_request {
  std::optional<std::string> username;
  std::optional<std::string> password;
  std::optional<std::string> token;
  std::optional<std::string> refresh_token;
  std::optional<std::string> device_id;
  std::optional<std::map<uuid, std::uint64_t>> rooms;
};

struct logout_request {
  std::optional<uuid> session_id;
  bool all = false;
};

struct heartbeat {};

struct resume_request {
  std::map<uuid, std::uint64_t> rooms;
};

struct create_room_request {
  std::string name;
  room_type type = room_type::group;  ///< wire name room_type; group or public
  std::optional<std::string> alias;
  bool is_private = false;
  std::optional<std::string> description;
  std::vector<uuid> members;
};

enum class room_scope : std::uint8_t { joined, open, invited };  ///< wire: joined, public, invited

struct room_list_request {
  room_scope scope = room_scope::joined;
  std::optional<std::string> cursor;
  std::optional<std::uint32_t> limit;
};

/// Exactly one of the two.
struct room_request {
  std::optional<uuid> room_id;
  std::optional<std::string> alias;
};

/// Exactly one of the two.
struct join_room_request {
  std::optional<uuid> room_id;
  std::optional<std::string> alias;
};

struct leave_room_request {
  uuid room_id;
};

struct room_members_request {
  uuid room_id;
  std::optional<std::string> cursor;
  std::optional<std::uint32_t> limit;
};

enum class send_safety : std::uint8_t { quorum, all };

struct send_message_request {
  uuid room_id;
  std::string content;
  message_type type = message_type::text;  ///< wire name message_type; system is refused
  std::optional<uuid> reply_to;
  std::optional<uuid> thread;
  nlohmann::json metadata;  ///< null or an object
  send_safety safety = send_safety::quorum;
  std::optional<std::uint64_t> device_seq;
};

struct history_request {
  uuid room_id;
  std::optional<std::uint64_t> before_seq;
  std::optional<std::uint64_t> after_seq;
  std::optional<std::uint32_t> limit;
  std::optional<std::uint64_t> min_seq;
};

struct mark_request {
  uuid room_id;
  message_state status = message_state::read;  ///< delivered or read
  std::uint64_t seq = 0;
};

struct user_list_request {
  std::optional<std::string> query;
  std::optional<std::string> cursor;
  std::optional<std::uint32_t> limit;
};

/// Exactly one of the two.
struct user_request {
  std::optional<uuid> user_id;
  std::optional<std::string> username;
};

/// A request of the table that this version does not offer yet. Answered with UNSUPPORTED.
struct unsupported_request {
  std::string type;
};

using request =
    std::variant<register_request, auth_request, logout_request, heartbeat, resume_request,
                 create_room_request, room_list_request, room_request, join_room_request,
                 leave_room_request, room_members_request, send_message_request, history_request,
                 mark_request, user_list_request, user_request, unsupported_request>;

/// Which budget a request is counted against.
enum class rate_class : std::uint8_t {
  none,    ///< heartbeats
  login,   ///< register and auth: per address, and per account
  read,    ///< look-ups and pages
  write,   ///< sends and everything that changes a room: limits.messages_per_minute
  signal,  ///< marks, typing, presence
};

/// One row of the table.
struct request_row {
  std::string_view type;         ///< e.g. "send_message_request"
  std::string_view answer_type;  ///< e.g. "message_ack"
  std::uint16_t number;          ///< binary framing: 1, 2, 3… in the order of the protocol
  bool needs_login;
  bool is_write;  ///< repeatable by message_id
  rate_class rate;
  bool offered;  ///< false: decodes to unsupported_request
};

/// All rows in the order of the protocol, offered or not.
std::span<const request_row> request_table() noexcept;
/// Null for a type that is not in the table.
const request_row* find_request(std::string_view type) noexcept;
const request_row& row_of(const request& r) noexcept;

/// A request as it arrived: who is answered, and what is asked.
struct request_envelope {
  uuid message_id;
  request data;
};

}  // namespace greenroom::protocol

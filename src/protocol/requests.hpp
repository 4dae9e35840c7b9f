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

/// The open sessions of the asker.
struct session_list_request {};

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

struct direct_room_request {
  uuid user_id;
};

enum class room_scope : std::uint8_t { joined, open, invited };  ///< wire: joined, public, invited

struct room_list_request {
  room_scope scope = room_scope::joined;
  std::optional<std::string> query;  ///< occurs in name, alias, topic or description
  std::optional<std::string> cursor;
  std::optional<std::uint32_t> limit;
};

/// Exactly one of the two.
struct room_request {
  std::optional<uuid> room_id;
  std::optional<std::string> alias;
};

/// What is absent stays as it is.
struct update_room_request {
  uuid room_id;
  std::optional<std::string> name;
  std::optional<std::string> description;
  std::optional<std::string> topic;
  std::optional<bool> archived;
  std::optional<room_retention> retention;  ///< as a whole
};

struct delete_room_request {
  uuid room_id;
};

/// Exactly one of the two.
struct join_room_request {
  std::optional<uuid> room_id;
  std::optional<std::string> alias;
};

struct leave_room_request {
  uuid room_id;
};

struct invite_request {
  uuid room_id;
  uuid user_id;
  std::optional<member_role> role;
};

struct remove_member_request {
  uuid room_id;
  uuid user_id;
  bool ban = false;
};

struct unban_request {
  uuid room_id;
  uuid user_id;
};

struct set_role_request {
  uuid room_id;
  uuid user_id;
  member_role role = member_role::member;
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

struct edit_message_request {
  uuid room_id;
  uuid id;
  std::string content;
};

struct delete_message_request {
  uuid room_id;
  uuid id;
};

struct reaction_request {
  uuid room_id;
  uuid id;
  std::string emoji;
  bool add = false;
};

struct pin_request {
  uuid room_id;
  uuid id;
  bool pinned = false;
};

struct history_request {
  uuid room_id;
  std::optional<std::uint64_t> before_seq;
  std::optional<std::uint64_t> after_seq;
  std::optional<std::uint32_t> limit;
  std::optional<std::uint64_t> min_seq;
};

struct message_request {
  uuid room_id;
  uuid id;
};

struct mark_request {
  uuid room_id;
  message_state status = message_state::read;  ///< delivered or read
  std::uint64_t seq = 0;
};

/// Never in the log; expires by itself.
struct typing {
  uuid room_id;
  bool is_typing = false;
};

/// How a person wants to be seen while connected; `offline` is nobody's choice.
enum class presence_status : std::uint8_t { online, away, dnd, offline };

struct set_presence_request {
  presence_status status = presence_status::online;
};

struct presence_request {
  std::vector<uuid> user_ids;  ///< replaces what the connection asked for before
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

/// What is absent stays as it is; an empty text clears it.
struct update_profile_request {
  std::optional<std::string> display_name;
  std::optional<std::string> avatar_url;
  std::optional<std::string> email;
};

struct change_password_request {
  std::string old_password;
  std::string new_password;
};

struct search_request {
  std::string query;
  std::optional<uuid> room_id;
  std::optional<std::string> cursor;
  std::optional<std::uint32_t> limit;
};

/// A request of the table that this version does not offer yet. Answered with UNSUPPORTED.
struct unsupported_request {
  std::string type;
};

using request =
    std::variant<register_request, auth_request, logout_request, session_list_request, heartbeat,
                 resume_request, create_room_request, direct_room_request, room_list_request,
                 room_request, update_room_request, delete_room_request, join_room_request,
                 leave_room_request, invite_request, remove_member_request, unban_request,
                 set_role_request, room_members_request, send_message_request, edit_message_request,
                 delete_message_request, reaction_request, pin_request, history_request,
                 message_request, mark_request, typing, set_presence_request, presence_request,
                 user_list_request, user_request, update_profile_request, change_password_request,
                 search_request, unsupported_request>;

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

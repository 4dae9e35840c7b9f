// SPDX-License-Identifier: MIT
#include <array>

#include "protocol/requests.hpp"

namespace greenroom::protocol {

namespace {

using enum rate_class;

/// Shorthands for the flags of a row.
constexpr bool open_to_all = false;
constexpr bool logged_in = true;
constexpr bool reads = false;
constexpr bool writes = true;
constexpr bool offered = true;
constexpr bool later = false;

constexpr std::array table{
    request_row{"register_request", "auth_response", 1, open_to_all, writes, login, offered},
    request_row{"auth_request", "auth_response", 2, open_to_all, reads, login, offered},
    request_row{"logout_request", "ok", 3, logged_in, writes, write, offered},
    request_row{"session_list_request", "session_list_response", 4, logged_in, reads, read,
                offered},
    request_row{"heartbeat", "heartbeat_response", 5, open_to_all, reads, none, offered},
    request_row{"resume_request", "resume_response", 6, logged_in, reads, read, offered},
    request_row{"create_room_request", "room_response", 7, logged_in, writes, write, offered},
    request_row{"direct_room_request", "room_response", 8, logged_in, writes, write, offered},
    request_row{"room_list_request", "room_list_response", 9, logged_in, reads, read, offered},
    request_row{"room_request", "room_response", 10, logged_in, reads, read, offered},
    request_row{"update_room_request", "room_response", 11, logged_in, writes, write, offered},
    request_row{"delete_room_request", "ok", 12, logged_in, writes, write, offered},
    request_row{"join_room_request", "room_response", 13, logged_in, writes, write, offered},
    request_row{"leave_room_request", "ok", 14, logged_in, writes, write, offered},
    request_row{"invite_request", "ok", 15, logged_in, writes, write, offered},
    request_row{"remove_member_request", "ok", 16, logged_in, writes, write, offered},
    request_row{"unban_request", "ok", 17, logged_in, writes, write, offered},
    request_row{"set_role_request", "ok", 18, logged_in, writes, write, offered},
    request_row{"room_members_request", "room_members_response", 19, logged_in, reads, read,
                offered},
    request_row{"send_message_request", "message_ack", 20, logged_in, writes, write, offered},
    request_row{"edit_message_request", "message_ack", 21, logged_in, writes, write, offered},
    request_row{"delete_message_request", "message_ack", 22, logged_in, writes, write, offered},
    request_row{"reaction_request", "message_ack", 23, logged_in, writes, write, offered},
    request_row{"pin_request", "message_ack", 24, logged_in, writes, write, offered},
    request_row{"history_request", "history_response", 25, logged_in, reads, read, offered},
    request_row{"message_request", "message_response", 26, logged_in, reads, read, offered},
    request_row{"mark_request", "ok", 27, logged_in, reads, signal, offered},
    request_row{"typing", "ok", 28, logged_in, reads, signal, offered},
    request_row{"set_presence_request", "ok", 29, logged_in, reads, signal, offered},
    request_row{"presence_request", "presence_response", 30, logged_in, reads, signal, offered},
    request_row{"user_list_request", "user_list_response", 31, logged_in, reads, read, offered},
    request_row{"user_request", "user_response", 32, logged_in, reads, read, offered},
    request_row{"update_profile_request", "user_response", 33, logged_in, writes, write, offered},
    request_row{"change_password_request", "ok", 34, logged_in, writes, login, offered},
    request_row{"search_request", "search_response", 35, logged_in, reads, read, offered},
};

constexpr bool numbered_in_order() {
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (table[i].number != i + 1) return false;
  }
  return true;
}
static_assert(numbered_in_order());

/// What an unsupported_request with a made-up type belongs to.
constexpr request_row nothing{"", "error", 0, logged_in, reads, read, later};

constexpr const request_row* find(std::string_view type) noexcept {
  for (const auto& row : table) {
    if (row.type == type) return &row;
  }
  return nullptr;
}

/// Type names of the alternatives of `request`, in the variant's order.
constexpr std::array alternatives{
    find("register_request"),
    find("auth_request"),
    find("logout_request"),
    find("session_list_request"),
    find("heartbeat"),
    find("resume_request"),
    find("create_room_request"),
    find("direct_room_request"),
    find("room_list_request"),
    find("room_request"),
    find("update_room_request"),
    find("delete_room_request"),
    find("join_room_request"),
    find("leave_room_request"),
    find("invite_request"),
    find("remove_member_request"),
    find("unban_request"),
    find("set_role_request"),
    find("room_members_request"),
    find("send_message_request"),
    find("edit_message_request"),
    find("delete_message_request"),
    find("reaction_request"),
    find("pin_request"),
    find("history_request"),
    find("message_request"),
    find("mark_request"),
    find("typing"),
    find("set_presence_request"),
    find("presence_request"),
    find("user_list_request"),
    find("user_request"),
    find("update_profile_request"),
    find("change_password_request"),
    find("search_request"),
};
static_assert(alternatives.size() + 1 == std::variant_size_v<request>);

/// The decoder relies on it: offered rows and alternatives follow each other in the same order.
constexpr bool offered_in_order() {
  std::size_t at = 0;
  for (const auto& row : table) {
    if (!row.offered) continue;
    if (at == alternatives.size() || alternatives[at] != &row) return false;
    ++at;
  }
  return at == alternatives.size();
}
static_assert(offered_in_order());

}  // namespace

std::span<const request_row> request_table() noexcept {
  return table;
}

const request_row* find_request(std::string_view type) noexcept {
  return find(type);
}

const request_row& row_of(const request& r) noexcept {
  if (const auto* other = std::get_if<unsupported_request>(&r)) {
    const auto* row = find(other->type);
    return row ? *row : nothing;
  }
  return r.index() < alternatives.size() ? *alternatives[r.index()] : nothing;
}

}  // namespace greenroom::protocol

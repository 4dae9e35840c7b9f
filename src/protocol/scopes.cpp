// SPDX-License-Identifier: MIT
#include "protocol/scopes.hpp"

#include <algorithm>
#include <array>

namespace greenroom::protocol {

namespace {

struct row {
  std::string_view type;
  scope needs;
};

using enum scope;

constexpr std::array table{
    // Whoever has not authenticated yet has no token; afterwards they renew, or are a CONFLICT.
    row{"register_request", none},
    row{"auth_request", none},
    row{"heartbeat", none},
    row{"logout_request", none},  // only of itself, see below
    row{"session_list_request", whole},
    row{"change_password_request", whole},
    row{"update_profile_request", manage},

    row{"resume_request", read},
    row{"room_list_request", read},
    row{"room_request", read},
    row{"room_members_request", read},
    row{"history_request", read},
    row{"message_request", read},
    row{"search_request", read},
    row{"presence_request", read},
    row{"user_list_request", read},
    row{"user_request", read},

    row{"send_message_request", write},
    row{"edit_message_request", write},
    row{"delete_message_request", write},
    row{"reaction_request", write},
    row{"pin_request", write},
    row{"mark_request", write},
    row{"typing", write},
    row{"set_presence_request", write},

    row{"create_room_request", manage},
    row{"direct_room_request", manage},
    row{"update_room_request", manage},
    row{"delete_room_request", manage},
    row{"join_room_request", manage},
    row{"leave_room_request", manage},
    row{"invite_request", manage},
    row{"remove_member_request", manage},
    row{"unban_request", manage},
    row{"set_role_request", manage},
};

constexpr std::array names{
    std::pair{read, std::string_view("read")},
    std::pair{write, std::string_view("write")},
    std::pair{manage, std::string_view("manage")},
};

error forbidden(std::string why, std::string field = {}) {
  error e{ec::forbidden, std::move(why), {}};
  e.details.field = std::move(field);
  return e;
}

std::optional<error> stranger(const token_limits& limits, const uuid& room) {
  if (limits.allows_room(room)) return std::nullopt;
  return forbidden("this token is not for this room", "room_id");
}

/// Why the rooms that a request names are not the token's.
struct check_rooms {
  const token_limits& limits;

  std::optional<error> operator()(const resume_request& r) const {
    for (const auto& [room, seq] : r.rooms)
      if (auto bad = stranger(limits, room)) return bad;
    return std::nullopt;
  }
  // A token for some rooms makes no others.
  std::optional<error> operator()(const create_room_request&) const { return no_new_rooms(); }
  std::optional<error> operator()(const direct_room_request&) const { return no_new_rooms(); }

  template <class Request>
  std::optional<error> operator()(const Request& r) const {
    if constexpr (requires { r.room_id.has_value(); }) {
      if (r.room_id) return stranger(limits, *r.room_id);
      if constexpr (requires { r.alias.has_value(); }) {
        if (r.alias) return stranger(limits, room_id_of_alias(*r.alias));
      }
    } else if constexpr (requires { r.room_id; }) {
      return stranger(limits, r.room_id);
    }
    return std::nullopt;  // about no room, or about several, of which the answer shows the token's
  }

  [[nodiscard]] std::optional<error> no_new_rooms() const {
    if (limits.rooms.empty()) return std::nullopt;
    return forbidden("this token is for some rooms only, and makes no others");
  }
};

}  // namespace

std::string_view to_string(scope s) noexcept {
  for (const auto& [value, name] : names)
    if (value == s) return name;
  return "";
}

expected<scope_bits> parse_scopes(std::string_view text) {
  const auto wrong = [] {
    return invalid_field("scopes", "scopes are some of read, write, manage, each once");
  };
  scope_bits found = 0;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of(", "), text.size());
    const auto word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    const auto known =
        std::find_if(names.begin(), names.end(), [&](const auto& n) { return n.second == word; });
    if (known == names.end() || (found & bit_of(known->first)) != 0) return wrong();
    found = static_cast<scope_bits>(found | bit_of(known->first));
  }
  if (found == 0) return wrong();
  return found;
}

std::string format_scopes(scope_bits scopes) {
  std::string text;
  for (const auto& [value, name] : names) {
    if ((scopes & bit_of(value)) == 0) continue;
    if (!text.empty()) text += ' ';
    text += name;
  }
  return text;
}

bool token_limits::has(scope s) const noexcept {
  if (!limited() || s == scope::none) return true;
  return (scopes & bit_of(s)) != 0;
}

bool token_limits::allows_room(const uuid& room) const noexcept {
  return rooms.empty() || std::find(rooms.begin(), rooms.end(), room) != rooms.end();
}

scope scope_of(std::string_view request_type) noexcept {
  for (const auto& r : table)
    if (r.type == request_type) return r.needs;
  return scope::whole;
}

std::optional<error> out_of_scope(const token_limits& limits, const request& r) {
  if (!limits.limited()) return std::nullopt;
  const auto needs = scope_of(row_of(r).type);
  if (needs == scope::whole) return forbidden("a bot's token does not reach its account");
  if (!limits.has(needs))
    return forbidden("this token lacks the scope " + std::string(to_string(needs)), "scopes");
  if (const auto* out = std::get_if<logout_request>(&r); out != nullptr && out->all)
    return forbidden("a bot's token ends itself only", "all");
  return std::visit(check_rooms{limits}, r);
}

}  // namespace greenroom::protocol

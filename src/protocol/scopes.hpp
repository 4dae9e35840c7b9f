// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What a token of a bot allows. One table says which scope each request needs; a request that is
/// not in it is not for such tokens at all, so what is added later is closed until somebody says
/// otherwise. Pure; whoever executes requests asks here first (the session).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"
#include "protocol/requests.hpp"
#include "protocol/uuid.hpp"

namespace greenroom::protocol {

/// What a request needs of a token that is limited.
enum class scope : std::uint8_t {
  none,    ///< any token may
  read,    ///< lists, rooms, history, search, events
  write,   ///< messages and what is done to them, marks, typing, presence
  manage,  ///< rooms, their members and roles, the bot's own profile
  whole,   ///< about the account itself: no scope is enough
};

/// A set of read, write and manage. 0: the token is not limited.
using scope_bits = std::uint8_t;
constexpr scope_bits bit_of(scope s) noexcept {
  return s == scope::none || s == scope::whole
             ? scope_bits{0}
             : static_cast<scope_bits>(1U << (static_cast<unsigned>(s) - 1));
}
inline constexpr scope_bits all_scopes =
    bit_of(scope::read) | bit_of(scope::write) | bit_of(scope::manage);

/// Rooms that one token may be limited to.
inline constexpr std::size_t token_rooms_max = 20;

/// `read`, `write`, `manage`.
std::string_view to_string(scope s) noexcept;
/// Names between commas or blanks, each once; INVALID_MESSAGE (field `scopes`) for anything else,
/// also for none.
expected<scope_bits> parse_scopes(std::string_view names);
/// With blanks between them; empty for 0.
std::string format_scopes(scope_bits scopes);

/// How far a token reaches.
struct token_limits {
  scope_bits scopes = 0;    ///< 0: everything
  std::vector<uuid> rooms;  ///< empty: all rooms
  bool operator==(const token_limits&) const = default;

  [[nodiscard]] bool limited() const noexcept { return scopes != 0; }
  [[nodiscard]] bool has(scope s) const noexcept;
  [[nodiscard]] bool allows_room(const uuid& room) const noexcept;
  /// Events and contents of a room.
  [[nodiscard]] bool reads(const uuid& room) const noexcept {
    return has(scope::read) && allows_room(room);
  }
};

/// By the name of its type; `whole` for a name that the table does not have.
scope scope_of(std::string_view request_type) noexcept;
/// FORBIDDEN naming the scope, or the room that the token is not for; empty: it may.
std::optional<error> out_of_scope(const token_limits& limits, const request& r);

}  // namespace greenroom::protocol

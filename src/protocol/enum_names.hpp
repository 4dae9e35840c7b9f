// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The names of enumerators on the wire, in the order of the enum: one list for both directions.

#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

#include "protocol/answers.hpp"
#include "protocol/requests.hpp"

namespace greenroom::protocol {

template <class E>
inline constexpr std::array<std::string_view, 0> enum_names{};

template <>
inline constexpr std::array enum_names<user_role> = std::to_array<std::string_view>({"user", "bot",
                                                                                     "admin"});
template <>
inline constexpr std::array enum_names<room_type> =
    std::to_array<std::string_view>({"group", "public", "private"});
template <>
inline constexpr std::array enum_names<member_role> =
    std::to_array<std::string_view>({"guest", "member", "moderator", "admin", "owner"});
template <>
inline constexpr std::array enum_names<message_type> =
    std::to_array<std::string_view>({"text", "image", "file", "system"});
template <>
inline constexpr std::array enum_names<message_state> =
    std::to_array<std::string_view>({"sent", "delivered", "read"});
template <>
inline constexpr std::array enum_names<room_event_kind> =
    std::to_array<std::string_view>({"created", "joined", "left", "invited", "removed", "banned",
                                     "unbanned", "role", "updated", "deleted"});
template <>
inline constexpr std::array enum_names<message_change> =
    std::to_array<std::string_view>({"edited", "deleted", "reaction", "pinned"});
template <>
inline constexpr std::array enum_names<session_event_kind> =
    std::to_array<std::string_view>({"revoked", "draining", "stale", "recovered"});
template <>
inline constexpr std::array enum_names<presence_status> =
    std::to_array<std::string_view>({"online", "away", "dnd", "offline"});
template <>
inline constexpr std::array enum_names<room_scope> =
    std::to_array<std::string_view>({"joined", "public", "invited"});
template <>
inline constexpr std::array enum_names<send_safety> = std::to_array<std::string_view>({"quorum",
                                                                                       "all"});
template <>
inline constexpr std::array enum_names<webhook_kind> =
    std::to_array<std::string_view>({"incoming", "outgoing"});
template <>
inline constexpr std::array enum_names<webhook_event> =
    std::to_array<std::string_view>({"message_received", "message_updated", "room_event"});

/// An enum with names.
template <class E>
concept named_enum = std::is_enum_v<E> &&(enum_names<E>.size() > 0);

template <named_enum E>
std::string_view enum_name(E value) noexcept {
  const auto at = static_cast<std::size_t>(value);
  return at < enum_names<E>.size() ? enum_names<E>[at] : std::string_view{};
}

template <named_enum E>
std::optional<E> enum_value(std::string_view name) noexcept {
  for (std::size_t i = 0; i < enum_names<E>.size(); ++i) {
    if (enum_names<E>[i] == name) return static_cast<E>(i);
  }
  return std::nullopt;
}

}  // namespace greenroom::protocol

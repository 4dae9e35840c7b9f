// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Who may do what in a room: one table, and the rules of rank. Pure; docs/protocol.md,
/// section 3.3, shows the same table, and a test holds the two together. Rules ask here when they
/// decide, and actors may ask earlier to refuse cheaply.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "chat/records.hpp"
#include "protocol/error.hpp"

namespace greenroom::chat {

/// What somebody can want to do in a room.
enum class action : std::uint8_t {
  see,          ///< the room's record
  read,         ///< history, members, events, cursors
  send,         ///< messages, also in threads
  react,        ///< reactions to messages
  change_own,   ///< edit and delete one's own messages
  delete_any,   ///< delete messages of others
  pin,          ///< pin messages and take the pins away
  mention_all,  ///< `@room`
  join,
  leave,  ///< also: decline an invitation
  invite,
  set_topic,
  set_details,    ///< name and description
  archive,        ///< and take it back
  set_retention,  ///< how long messages are kept
  remove,         ///< members, and invitations
  ban,
  unban,
  set_role,
  delete_room,
  export_room,  ///< all that is kept of it, as a file
  webhooks,     ///< see, make and end them
};

/// How somebody stands to a room.
enum class membership : std::uint8_t { none, invited, banned, member };

/// Somebody, as a room sees him.
struct person {
  membership is = membership::none;
  member_role role = member_role::guest;  ///< members only
  /// Of the account. Bots have the rights of their role in the room and no others.
  user_role account = user_role::user;
};

/// `o` is looked at only if he is no member.
person person_of(const std::optional<member>& m, const std::optional<outsider>& o,
                 user_role account = user_role::user);

struct permission {
  action what;
  std::string_view name;  ///< as in docs/protocol.md
  /// Members of this role and of those above it may.
  member_role from;
  bool anybody = false;       ///< in public rooms, those who are no members too
  bool invited = false;       ///< who is invited may
  bool server_admin = false;  ///< admins of the server may, members or not
  bool direct = false;        ///< in direct rooms both may; else it is a CONFLICT there
  bool archived = false;      ///< also while the room is archived
};

/// One row per action, in the order of the enum.
std::span<const permission> permissions() noexcept;

/// Why `who` may not do it; empty if he may. ROOM_NOT_FOUND for whom the room does not exist,
/// CONFLICT for what the room's kind or state rules out, else FORBIDDEN.
std::optional<error> may(action what, const room& r, const person& who);

/// Nobody acts on one of equal or higher rank; admins of the server act on everybody. `on` who is
/// no member is below all members.
std::optional<error> may_act_on(const person& who, const person& on);

/// Which roles one may give: those below one's own; owners and admins of the server any.
std::optional<error> may_give(const person& who, member_role role);

/// Why somebody who is no member may not do anything in the room: rooms that are not public do not
/// exist for him.
error stranger(const room& r);

}  // namespace greenroom::chat

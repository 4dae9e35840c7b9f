// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// From the lines of a room's file (docs/protocol.md, section 7.1) to the command that makes a room
/// of them. Pure. What the lines prove is not looked at here: applying does (chat/restoring.cpp).
/// But a log that has no digests in front, so that they could prove nothing of it, is refused here.

#include <string_view>

#include "chat/commands.hpp"
#include "protocol/error.hpp"

namespace greenroom::chat {

/// Of one part of a restored room: lines of JSON, and bytes.
inline constexpr std::size_t restored_lines_max = 500;
inline constexpr std::size_t restored_bytes_max = 512 * 1024;

/// What a message says, taken from where it is shown; not what others have added to it.
template <class Shown>
void say(message& m, const Shown& shown) {
  m.message_id = shown.message_id;
  m.sender_id = shown.sender_id;
  m.type = shown.type;
  m.content = shown.content;
  m.metadata = shown.metadata;
  m.reply_to = shown.reply_to;
  m.thread = shown.thread;
  m.mentions = shown.mentions;
}

/// Without `from` and `room_id`. Errors: INVALID_MESSAGE or TOO_LARGE, naming `lines`, and in the
/// message the line of the part.
expected<restore_room> read_room_lines(std::string_view lines);

}  // namespace greenroom::chat

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Where an announcement goes: which room it is said in. For sessions and the console. And the room
/// that everybody is in, for whoever asks who is a member of what.

#include <optional>
#include <string>
#include <string_view>

#include "actors/calls.hpp"
#include "store/shard_reader.hpp"

namespace greenroom::actors {

struct announcement {
  uuid room_id;
  room_announce body;
};

/// `target` is "room" (`called`: id or alias), "user" (id or name) or "everybody". Errors:
/// INVALID_MESSAGE naming target, id or content; TOO_LARGE.
expected<announcement> announcement_of(std::string_view target, const std::string& called,
                                       std::string content);

/// The room of what is said to everybody. Everybody is in it, by its id, also while nothing was
/// ever said and it does not exist: so there is nothing to write when somebody comes, and whoever
/// is connected when the first word is said hears it.
bool is_for_everybody(const uuid& room_id);

/// Somebody as a member of a room; empty: he is none.
std::optional<chat::member> member_of(const store::shard_reader& reader, const uuid& room_id,
                                      const uuid& user_id);

}  // namespace greenroom::actors

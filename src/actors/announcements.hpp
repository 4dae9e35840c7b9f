// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Where an announcement goes: which room it is said in. Pure; for sessions and the console.

#include <string>
#include <string_view>

#include "actors/calls.hpp"

namespace greenroom::actors {

struct announcement {
  uuid room_id;
  room_announce body;
};

/// `target` is "room" (`called`: id or alias), "user" (id or name) or "everybody". Errors:
/// INVALID_MESSAGE naming target, id or content; TOO_LARGE.
expected<announcement> announcement_of(std::string_view target, const std::string& called,
                                       std::string content);

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The calls about a room's file; part of actors/calls.hpp.

#include <cstdint>
#include <optional>
#include <string>

#include "protocol/uuid.hpp"

namespace greenroom::actors {

/// A part of the room's file: entries after `after_seq` (empty: from its beginning), or members
/// after `after_member` (nil: from the first).
struct room_export {
  std::optional<std::uint64_t> after_seq;
  std::optional<uuid> after_member;
  std::uint32_t limit = 500;
  /// Not the file, but this user's messages after `after_seq`; nil: the file.
  uuid sender = {};
};
/// A part of a file from which the room is made, as lines of JSON; or what came so far is erased.
struct room_restore {
  std::string lines;
  bool abandons = false;
  std::uint64_t to = 0;  ///< the entry of the file up to which; 0: all of them
};

}  // namespace greenroom::actors

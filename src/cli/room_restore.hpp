// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// `greenroom room restore`: sends a file, part by part, to a node that makes a room of it
/// (docs/protocol.md, section 7.2). What breaks off can be gone on with, or erased.

#include "cli/exit_code.hpp"
#include "cli/room.hpp"

namespace greenroom::cli {

exit_code restore_room(const room_options& o);

}  // namespace greenroom::cli

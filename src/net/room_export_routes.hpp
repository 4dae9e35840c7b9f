// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Routes to a room's file, part by part. For routes.cpp.

#include "net/account_routes.hpp"

namespace greenroom::net {

/// For whom the room's own rules let.
plan export_room(const asked& a);
plan export_room_as_admin(const asked& a);
/// Somebody's messages.
plan export_own_messages(const asked& a);
plan export_messages_of(const asked& a);

}  // namespace greenroom::net

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Which families hold a shard's state. For the transfer_*.cpp files.

#include <array>

#include "store/database.hpp"

namespace greenroom::store {

inline constexpr std::array state_families{
    family::room_log, family::message,      family::message_id, family::room,     family::member,
    family::user,     family::user_room,    family::session,    family::dedup,    family::outbox,
    family::email,    family::directory,    family::outsider,   family::reaction, family::device,
    family::webhook,  family::webhook_dead,
};
// All but meta, raft_log and raft_meta.
static_assert(state_families.size() + 3 == family_count);

}  // namespace greenroom::store

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Calls that outboxes make, about accounts that were closed; part of actors/calls.hpp. Repeatable,
/// and answered with `done` when there is nothing left to do.

#include "protocol/uuid.hpp"

namespace greenroom::actors {

/// To the user's own shard: his rooms are to be told.
struct user_sweep {};
/// To a room: this account was closed.
struct room_person_closed {
  uuid user_id;
  bool erased = false;
};

}  // namespace greenroom::actors

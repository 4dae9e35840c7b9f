// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What a leader whose disk is nearly full (disk_paces.hpp) still proposes, and how it refuses the
/// rest.

#include <cstdint>

#include "chat/commands.hpp"
#include "protocol/error.hpp"

namespace greenroom::actors {

/// What makes a store smaller in the end, or says how large it may be; and what people need to come
/// in for that, and to be kept out. All of it is small.
bool goes_without_room(const chat::command_data& what);

/// UNAVAILABLE, and final: with a limit calls are not repeated by themselves (patient_calls.cpp),
/// and whoever asks has to wait for longer than they would be. `reserve_mib`: store.reserve_mib.
error no_room(std::uint32_t reserve_mib);

}  // namespace greenroom::actors

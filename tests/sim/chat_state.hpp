// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// A shard's state in memory as bytes, in the records of the store: what one server of a simulation
/// gives to another.

#include <string>
#include <string_view>

#include "chat/memory_state.hpp"
#include "sim/sabotage.hpp"

namespace greenroom::sim {

std::string encode_state(const chat::memory_state& s);
/// With the mistake that `how` says, if it is about this.
chat::memory_state decode_state(std::string_view bytes, sabotage how = sabotage::none);

}  // namespace greenroom::sim

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// A shard's state in memory as bytes, in the records of the store: what one server of a simulation
/// gives to another.

#include <string>
#include <string_view>

#include "chat/memory_state.hpp"

namespace greenroom::sim {

std::string encode_state(const chat::memory_state& s);
/// `with_repeats` false: without what was answered before; `with_hooks`: without webhooks.
chat::memory_state decode_state(std::string_view bytes, bool with_repeats = true,
                                bool with_hooks = true);

}  // namespace greenroom::sim

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Rehearsals: makes the next handler of an actor kind throw. Armed only by the console's `chaos`
/// verbs, which the configuration must allow. Costs one relaxed load when not armed.

#include <atomic>
#include <cstdint>

#include "actors/registry.hpp"

namespace greenroom::actors::faults {

extern std::atomic<std::uint32_t> armed;  ///< a bit per actor_kind

void throw_if_armed(actor_kind kind);

/// The next message that an actor of this kind handles throws, once.
void arm(actor_kind kind) noexcept;

inline void hit(actor_kind kind) {
  if (armed.load(std::memory_order_relaxed) != 0) {
    throw_if_armed(kind);
  }
}

}  // namespace greenroom::actors::faults

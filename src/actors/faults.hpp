// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Rehearsals: makes the next handler of an actor kind, or of one actor, throw. Armed only by the
/// console's `chaos` verbs, which the configuration must allow. Costs one relaxed load when not
/// armed.

#include <atomic>
#include <cstdint>

#include "actors/registry.hpp"

namespace greenroom::actors::faults {

extern std::atomic<std::uint32_t> armed;  ///< a bit per actor_kind, and one_actor
/// The bit of `armed` that says: there is a victim.
inline constexpr std::uint32_t one_actor = std::uint32_t{1} << 31U;
static_assert(actor_kind_count < 31);

void throw_if_armed(actor_kind kind, std::uint64_t actor);

/// The next message that an actor of this kind handles throws, once.
void arm(actor_kind kind);

/// The next message that this actor handles throws, as any failure of its own would, and it is
/// given one at once, ahead of those that wait. Of several victims the last counts. False: there
/// is no such actor (any more).
bool kill(std::uint64_t actor);

inline void hit(actor_kind kind, std::uint64_t actor) {
  if (armed.load(std::memory_order_relaxed) != 0) {
    throw_if_armed(kind, actor);
  }
}

}  // namespace greenroom::actors::faults

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Rehearsals that wait for one kind of message (faults.hpp). Apart from the rest, which every
/// actor includes.

#include <string>

#include "actors/registry.hpp"

namespace greenroom::actors::faults {

/// The next such message (message_kind.hpp) that an actor of this kind handles throws, once. Others
/// of that kind are looked up in the registry meanwhile, and it counts on actor_figures.
void arm(actor_kind kind, std::string message);

/// What is waited for: empty of a kind that is not armed, or where it is any message.
std::string awaited(actor_kind kind);

}  // namespace greenroom::actors::faults

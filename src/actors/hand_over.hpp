// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What a node does before its clients lose it.

#include "actors/cluster_interfaces.hpp"
#include "actors/switchboard.hpp"

namespace greenroom::actors {

/// Tells the clients, and waits until whatever this node leads has another leader, if there can be
/// one; a few milliseconds where the others are well, a few seconds at most. Not for an actor: it
/// blocks.
void hand_over(switchboard& board, const node_actor& root);

}  // namespace greenroom::actors

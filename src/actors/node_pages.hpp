// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What a node says of itself over HTTP: health and metrics (docs/operations.md).

#include "actors/environment.hpp"
#include "actors/peers.hpp"
#include "net/server.hpp"

namespace greenroom::actors {

/// The pages may be asked for on any thread, as long as the listener lives.
net::node_pages node_pages_of(environment_ptr env, std::shared_ptr<peers> links);

}  // namespace greenroom::actors

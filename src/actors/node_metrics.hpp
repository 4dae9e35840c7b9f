// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The figures of GET /metrics that are looked up when somebody asks: actors, shards, the store,
/// the cluster. What happens is counted where it happens (telemetry/metrics.hpp). The names and
/// what they mean are in docs/operations.md.

#include <string>

#include "actors/environment.hpp"
#include "actors/peers.hpp"

namespace greenroom::actors {

/// All of /metrics. Takes a few milliseconds; with ten thousand actors, some more. On any thread.
std::string node_metrics(const environment& env, const peers& links);

}  // namespace greenroom::actors

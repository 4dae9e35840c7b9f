// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Which threads run the actors, in place of CAF's own policies: of these, stealing sleeps up to
/// 10 ms between looks, and sharing wakes a thread for every message, also where the one that sends
/// it is done in a moment and there is no other processor (actors/job_queue.hpp).

#include <caf/actor_system.hpp>
#include <cstddef>

namespace greenroom::actors {

/// Processors that this process may use, one at least.
std::size_t usable_processors();

/// CAF's scheduler with our queue. Takes scheduler.max-threads and scheduler.max-throughput from
/// the configuration of the system.
caf::actor_system::module* make_scheduler(caf::actor_system& system);

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What CAF's actor system is made with: our scheduler, its threads, and the time-outs of links.

#include <caf/actor_system_config.hpp>
#include <caf/io/middleman.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "actors/scheduling.hpp"
#include "config/settings.hpp"

namespace greenroom::actors {

/// What crosses links is registered by name; the names are part of the link protocol.
class system_config final : public caf::actor_system_config {
 public:
  explicit system_config(const greenroom::settings& s) {
    add_message_type<std::vector<std::string>>("strings");
    module_factories.emplace_back(make_scheduler);
    set("scheduler.max-throughput", std::size_t{s.actors.max_throughput});
    // CAF's own choice is four at least, whatever the machine has and the process may use. One more
    // than are up at a time (job_queue.hpp), for when one of them is stuck.
    set("scheduler.max-threads",
        s.actors.threads > 0 ? std::size_t{s.actors.threads} : usable_processors() + 1);
    if (s.cluster.port != 0) {
      // Both are needed, or a silent peer is never noticed.
      using std::chrono::milliseconds;
      set("middleman.heartbeat-interval", caf::timespan(milliseconds(s.cluster.heartbeat_ms)));
      set("middleman.connection-timeout",
          caf::timespan(milliseconds(s.cluster.connection_timeout_ms)));
      load<caf::io::middleman>();
    }
  }
};

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The compaction that an operator has asked for: one at a time in a process, on a thread of its
/// own, ended when the node stops.

#include <atomic>

#include "actors/environment.hpp"
#include "actors/interfaces.hpp"

namespace greenroom::actors {

class compaction {
 public:
  static compaction& instance();

  /// Begins; when it is over `asker` gets a reply with this number (an admin_result). False: one is
  /// under way. `system` runs its thread.
  bool begin(caf::actor_system& system, environment_ptr env, call_number number, reply_sink asker);
  /// Ends it soon; who waits for it is told.
  void cancel() noexcept { cancelled_ = true; }

 private:
  static void run(caf::event_based_actor* self, const environment_ptr& env, call_number number,
                  const reply_sink& asker);

  std::atomic<bool> running_{false};
  std::atomic<bool> cancelled_{false};
};

}  // namespace greenroom::actors

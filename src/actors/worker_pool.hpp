// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The bounded pool of worker actors for blocking work.

#include <caf/all.hpp>
#include <cstddef>
#include <mutex>
#include <vector>

#include "actors/interfaces.hpp"
#include "security/passwords.hpp"

namespace greenroom::actors {

/// Thread-safe. At most `queue_max` jobs wait; more are refused, which the client sees as
/// UNAVAILABLE. A worker that dies is replaced; its job in hand is answered with a failure.
class worker_pool {
 public:
  worker_pool(caf::actor_system& system, std::size_t workers, std::size_t queue_max,
              const security::password_cost& cost);
  ~worker_pool();

  /// False: too much is waiting.
  bool submit(hash_job_ptr job);
  /// Worker `index` is done with one job.
  void finished(std::size_t index) noexcept;
  /// Spawns the successor of worker `index`.
  void replace(std::size_t index);
  void stop();

 private:
  caf::actor_system& system_;
  const std::size_t queue_max_;
  const security::password_cost cost_;
  struct slot {
    worker_actor handle;
    std::size_t waiting = 0;  ///< jobs given and not finished
  };
  std::mutex mutex_;
  bool stopped_ = false;
  std::vector<slot> slots_;
};

}  // namespace greenroom::actors

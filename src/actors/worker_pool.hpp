// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The bounded pool of worker actors for blocking work. Who logs in (verify) goes before who wants
/// an account or another password (hash): otherwise somebody who registers names one after the
/// other keeps everybody out. Every fourth turn is that of the others, while there are any.

#include <caf/all.hpp>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "actors/interfaces.hpp"
#include "security/passwords.hpp"

namespace greenroom::actors {

/// What the pool and its workers share; workers may outlive the pool by a moment. Thread-safe.
class worker_slots : public std::enable_shared_from_this<worker_slots> {
 public:
  worker_slots(caf::actor_system& system, std::size_t queue_max,
               const security::password_cost& cost)
      : system_(system), queue_max_(queue_max), cost_(cost) {}

  void fill(std::size_t workers);
  bool submit(hash_job_ptr job);
  /// Worker `index` is done with one job.
  void finished(std::size_t index);
  /// Spawns the successor of worker `index`.
  void replace(std::size_t index);
  void stop();
  struct load {
    std::size_t busy = 0;     ///< workers
    std::size_t log_ins = 0;  ///< that wait
    std::size_t others = 0;
  };
  [[nodiscard]] load look() const;

 private:
  caf::actor_system& system_;
  const std::size_t queue_max_;
  const security::password_cost cost_;
  struct slot {
    worker_actor handle;
    bool busy = false;
  };
  /// Under the lock: the next job to this worker, if there is one.
  void give_next(slot& to);

  mutable std::mutex mutex_;
  bool stopped_ = false;
  std::vector<slot> slots_;
  std::deque<hash_job_ptr> log_ins_;
  std::deque<hash_job_ptr> others_;
  unsigned log_ins_in_a_row_ = 0;
};

/// Thread-safe. At most `queue_max` jobs wait, and at most half as many that are no log-ins; more
/// are refused, which the client sees as UNAVAILABLE. A worker that dies is replaced; who waits for
/// the job that it had in hand is answered by his own time-out.
class worker_pool {
 public:
  worker_pool(caf::actor_system& system, std::size_t workers, std::size_t queue_max,
              const security::password_cost& cost);
  ~worker_pool() { stop(); }
  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;

  /// False: too much is waiting.
  bool submit(hash_job_ptr job) { return slots_->submit(std::move(job)); }
  void stop() { slots_->stop(); }

 private:
  std::shared_ptr<worker_slots> slots_;
};

}  // namespace greenroom::actors

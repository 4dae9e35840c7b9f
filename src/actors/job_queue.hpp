// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What the actor threads have to do: one queue for all of them, and who of them is up.
///
/// There may be more threads than processors, so that an actor that is busy for long does not hold
/// up all others. But each thread more than there are processors that is woken for an actor only
/// takes the processor from the one who has sent it something, and both switch for each message. So
/// no more threads are up than there are processors, as long as they get on: when none has taken
/// anything for `stuck_after` and there is something to take, another is called in their place, and
/// they rest when they come back.
///
/// Who puts something in looks whether that is so; there is no thread that watches. A queue in
/// which nothing is put waits for those who are stuck, or for the next tick of anybody.

#include <caf/resumable.hpp>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "runtime/wakes.hpp"

namespace greenroom::actors {

/// Thread-safe.
class job_queue {
 public:
  using clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds stuck_after{5};

  /// One of the threads. It stays where it is while it takes.
  class taker {
    friend class job_queue;
    bool up_ = false;
    bool stuck_ = false;
  };

  /// `up_max`: threads that are up at the same time while they get on, one at least.
  explicit job_queue(std::size_t up_max);
  job_queue(const job_queue&) = delete;
  job_queue& operator=(const job_queue&) = delete;

  void put(caf::resumable* job);
  /// Waits until there is one for this thread. First in, first out.
  caf::resumable* take(taker& who);
  /// It will not take any more.
  void leave(taker& who);
  /// Nullptr when there is none. For when all threads have left.
  caf::resumable* take_rest();

 private:
  struct bell final : runtime::sleeper {
    void wake() noexcept override { rings.notify_one(); }
    std::condition_variable rings;
  };

  bool call_another();
  void get_up(taker& who);
  void lie_down(taker& who);

  const std::size_t up_max_;
  /// Shared, because a thread that gathers wakes may ring it late.
  const std::shared_ptr<bell> bell_ = std::make_shared<bell>();

  std::mutex mutex_;  // guards what follows
  std::deque<caf::resumable*> jobs_;
  std::vector<taker*> up_;   ///< and not known to be stuck
  std::size_t resting_ = 0;  ///< threads that wait for the bell
  std::size_t called_ = 0;   ///< of them, to whom it has been or will be rung
  clock::time_point called_at_{};
  clock::time_point last_take_{};
};

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Waking threads late: who has more to do than to wake somebody does that first.
///
/// A thread that is woken for the first of many things goes to sleep again after it, and on a busy
/// core every such round costs two switches of threads and a system call or two. A thread that
/// handles many things in a row therefore gathers whom it has to wake, and wakes each of them once:
/// when it has nothing else to do, or has gathered for `wakes_gathered_for`. What the woken one is
/// to do waits in a queue of its own meanwhile, and more joins it.

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>

namespace greenroom::runtime {

/// Work may wait this long for a thread that would do it. Only between two things: one that takes
/// long itself is not interrupted, so whoever has a queue looks how old it is (`is_overdue`).
inline constexpr std::chrono::microseconds wakes_gathered_for{400};

/// Somebody who sleeps until there is something in his queue.
class sleeper {
 public:
  virtual ~sleeper() = default;
  /// From any thread, any number of times, also when nobody sleeps.
  virtual void wake() noexcept = 0;
};

/// Wakes at once, or, on a thread that gathers, later.
void wake(const std::shared_ptr<sleeper>& who);

/// Wakes all whom this thread has gathered. For a thread that gathers and is about to wait for what
/// another one does.
void wake_gathered() noexcept;

/// Whether somebody who was to be woken since then ought to be up: who told him first may be stuck.
[[nodiscard]] bool is_overdue(std::chrono::steady_clock::time_point since) noexcept;

/// While it lives, its thread gathers. One within another changes nothing. What is left at the end
/// is woken then.
class gathering_wakes {
 public:
  gathering_wakes() noexcept;
  ~gathering_wakes();
  gathering_wakes(const gathering_wakes&) = delete;
  gathering_wakes& operator=(const gathering_wakes&) = delete;

  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  /// Wakes all when the first has waited for long enough.
  void wake_if_due(std::chrono::steady_clock::time_point now) noexcept;
  void wake_all() noexcept;

 private:
  friend void wake(const std::shared_ptr<sleeper>& who);
  friend void wake_gathered() noexcept;
  /// False: there is no room.
  bool add(const std::shared_ptr<sleeper>& who);

  static constexpr std::size_t most = 16;
  std::array<std::shared_ptr<sleeper>, most> sleepers_;
  std::size_t count_ = 0;
  std::chrono::steady_clock::time_point since_{};
  bool outer_ = false;
};

}  // namespace greenroom::runtime

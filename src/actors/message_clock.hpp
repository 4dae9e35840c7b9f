// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The clock of the actors: what they send themselves for later.
///
/// In place of CAF's own, which hands each delayed message, and each end of an actor, to a thread
/// that sorts them: a switch of threads for something that is due in seconds. Nearly every log-in
/// and every request has such a time-out, and nearly none of them is ever late. Here whoever sends
/// sorts it in himself, and the thread is only woken when it would sleep too long.
///
/// Those that wait for long are put together: at most 1/32 of the delay is added, up to 64 ms, so
/// that ten thousand idle sessions wake a thread a few times a second instead of for each.
///
/// What waits here keeps nobody alive: who has ended is gone at once, and not when the last of his
/// time-outs is due. So an actor needs somebody else who holds it.

#include <caf/detail/thread_safe_actor_clock.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <unordered_set>
#include <vector>

namespace greenroom::actors {

/// Thread-safe. Messages that are due at the same time come in the order in which they were put in.
class message_clock final : public caf::detail::thread_safe_actor_clock {
 public:
  /// `others` does what this one does not: time-outs of CAF's own requests.
  explicit message_clock(caf::actor_clock& others) : others_(others) {}

  /// When a message that was to come at `due` will come: never earlier.
  static time_point rounded(time_point due, time_point now);

  /// Delivers until stop(). For a thread of its own.
  void run();
  /// Nothing is delivered when it returns, except what the thread has begun with.
  void stop();
  /// Forgets all. Not while anybody delivers: the end of a message may be that of an actor.
  void clear();
  [[nodiscard]] std::size_t size() const;

  void schedule_message(time_point t, caf::strong_actor_ptr receiver,
                        caf::mailbox_element_ptr content) override;
  void schedule_message(time_point t, caf::group target, caf::strong_actor_ptr sender,
                        caf::message content) override;
  void set_ordinary_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type,
                            std::uint64_t id) override;
  void set_request_timeout(time_point t, caf::abstract_actor* self, caf::message_id id) override;
  void set_multi_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type,
                         std::uint64_t id) override;
  void cancel_ordinary_timeout(caf::abstract_actor* self, caf::atom_value type) override;
  void cancel_request_timeout(caf::abstract_actor* self, caf::message_id id) override;
  /// Told of every actor that ends.
  void cancel_timeouts(caf::abstract_actor* self) override;
  void cancel_all() override;

 private:
  struct entry {
    time_point due;
    std::uint64_t order = 0;
    caf::weak_actor_ptr to;
    caf::mailbox_element_ptr what;
  };
  /// For the heap: whether `a` comes after `b`.
  static bool later(const entry& a, const entry& b) {
    return a.due != b.due ? a.due > b.due : a.order > b.order;
  }
  void take_due(time_point now, std::vector<entry>& out);
  void remember(caf::abstract_actor* self);

  /// One step of the thread: others can put something in between.
  static constexpr std::size_t batch_max = 256;

  caf::actor_clock& others_;
  std::condition_variable changed_;
  mutable std::mutex mutex_;    // guards what follows
  std::vector<entry> waiting_;  ///< a heap, the next one first
  std::uint64_t orders_ = 0;
  /// The thread looks again then, without being woken.
  time_point looks_at_ = time_point::max();
  bool stopped_ = false;
  std::unordered_set<caf::actor_id> known_to_others_;
};

}  // namespace greenroom::actors

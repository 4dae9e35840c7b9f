// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What retention and the end of rooms have deleted is to leave the disk too, on each replica by
/// itself. Until the log is cut it has the commands that brought the messages in, and until the
/// tables are compacted they have what was deleted. Both cost a disk something, so it happens at
/// common instants, ten rounds of retention apart, for all that has gathered by then.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <vector>

#include "actors/environment.hpp"
#include "chat/outcome.hpp"
#include "store/compaction.hpp"

namespace greenroom::actors {

/// Of one shard: when it is time for which step. Not thread-safe.
class freed_space {
 public:
  using clock = std::chrono::steady_clock;

  enum class step : std::uint8_t {
    none,
    cut_log,    ///< the log is to be cut, and soon as far as what has gathered
    give_back,  ///< it is cut and deleted: take(), and give that back
  };

  /// `round`: the time between two looks of retention.
  freed_space(std::uint16_t shard, std::chrono::milliseconds round);

  /// The entry `index` had this outcome; of some it is known that they delete.
  void applied(std::uint64_t index, const chat::outcome& o, clock::time_point now);
  /// `first_index`: of the log now. `is_swept()`: what was cut off is deleted; asked rarely.
  template <class F>
  step on_time(clock::time_point now, std::uint64_t first_index, F is_swept) {
    if (now < next_) {
      return step::none;
    }
    next_ = now + round_;
    if (cutting_ && first_index >= up_to_ && is_swept()) {
      return step::give_back;
    }
    // Again and again: somebody who is slow may have held up the cut.
    begin_cut();
    return step::cut_log;
  }
  /// What is to be given back; what has come since the cut was asked for is for the next time.
  store::freed take(clock::time_point now);

 private:
  void begin_cut();
  [[nodiscard]] clock::time_point next_instant(clock::time_point now) const;

  const std::uint16_t shard_;
  const std::chrono::milliseconds round_;
  store::freed gathered_;  ///< what has come since the cut was asked for
  std::uint64_t newest_ = 0;
  bool something_ = false;  ///< has come since then
  store::freed leaving_;
  std::uint64_t up_to_ = 0;  ///< nothing before this entry is to be in the log
  bool cutting_ = false;
  clock::time_point next_ = clock::time_point::max();
};

/// Of a process: what has gathered together, on a thread that there is only meanwhile.
class space_returns {
 public:
  static space_returns& instance();

  /// `system` runs the thread.
  void add(caf::actor_system& system, const environment_ptr& env, store::freed what);
  /// Ends it soon, for good; what is not done is left to RocksDB.
  void cancel() noexcept { cancelled_ = true; }

 private:
  void run(const environment_ptr& env);

  std::mutex mutex_;
  std::vector<store::freed> waiting_;
  bool running_ = false;
  std::atomic<bool> cancelled_{false};
};

}  // namespace greenroom::actors

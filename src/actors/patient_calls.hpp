// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Calls of one actor, asked again while a leader moves, within their time-outs: its client sees at
/// most a delay. Writes are safe to repeat, because they carry their message_id, and everything
/// else has the effect of one.
///
/// Owned by the actor, which passes on replies, time and changes of routes. Every call ends in its
/// continuation, once.

#include <chrono>
#include <functional>
#include <map>

#include "actors/interfaces.hpp"
#include "actors/switchboard.hpp"

namespace greenroom::actors {

class patient_calls {
 public:
  using clock = std::chrono::steady_clock;
  using continuation = std::function<void(const reply_body&)>;

  explicit patient_calls(switchboard& board) : board_(board) {}

  call_number ask(const reply_sink& self, const uuid& target, std::uint16_t shard,
                  const chat::origin& from, call_body body, clock::time_point deadline,
                  continuation then);
  /// Passes over replies to calls that are no more. A time: the call is to be asked again then.
  std::optional<clock::time_point> take_reply(const reply& r);
  /// Asks again what waited long enough, and ends what is late with UNAVAILABLE.
  void on_time(const reply_sink& self, clock::time_point now);
  /// Asks again at once where there is another leader than the one that was asked.
  void routes_changed(const reply_sink& self);
  void clear() { calls_.clear(); }
  [[nodiscard]] bool empty() const noexcept { return calls_.empty(); }
  [[nodiscard]] bool knows(call_number number) const { return calls_.contains(number); }
  [[nodiscard]] std::size_t size() const noexcept { return calls_.size(); }
  /// When on_time() has something to do, if nothing else happens; max(): not.
  [[nodiscard]] clock::time_point next_time() const;

 private:
  struct pending {
    std::shared_ptr<const call> what;
    continuation then;
    clock::time_point deadline;
    clock::time_point retry_at = clock::time_point::max();  ///< refused: when to ask again
    std::uint64_t route_version = 0;                        ///< of the leader that was asked
    int tries = 0;
  };
  void ask_again(const reply_sink& self, pending& p);
  [[nodiscard]] std::uint64_t version_of(std::uint16_t shard) const;

  switchboard& board_;
  std::map<call_number, pending> calls_;  ///< few, and mostly none: a hash table keeps its buckets
};

}  // namespace greenroom::actors

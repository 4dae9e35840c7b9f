// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// When the next turn of an I/O thread begins (turns.cpp). A thread that has little to write writes
/// it at once. One that was busy writing to many sockets leaves a little time between, so that a
/// turn carries what would otherwise take several: a write costs about the same whether it carries
/// one message or thirty. Pure; belongs to its thread.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace greenroom::net {

/// What a turn has to do.
struct turn_load {
  std::size_t answers = 0;  ///< to requests
  std::size_t events = 0;   ///< for lists of receivers
  std::size_t writes = 0;   ///< at most: receivers of everything
  std::size_t lists = 0;    ///< that are written for themselves; known once it is done
};

/// The pause between turns. It is asked when a turn could begin, and again when the time that it
/// told is over.
///
/// A turn of fewer than 64 writes or less than a millisecond asks for none, nor does one in which
/// nothing was put together and each list is short: many rooms in which little is said at a time
/// gain nothing by waiting for each other. After another one of length d the next does not begin
/// for d/16. It waits on, for at most d/2 and 6 ms since it could have begun:
/// - by d/16, while what has gathered is less than two thirds of what this thread's sockets have
///   asked for and not got yet: most is still being decided;
/// - by d/64, while it is fewer events than the large turn had, and they become more.
/// So a closed loop of many messages, which goes out in one turn, comes back as one; and a message
/// that is alone is not kept waiting. 2 d after the last large turn there is no pause.
class turn_pace {
 public:
  using clock = std::chrono::steady_clock;

  /// How long a turn with this load waits; zero: it begins. `under_way`: requests that have been
  /// read and not answered, those among them whose answers have gathered.
  [[nodiscard]] clock::duration wait(clock::time_point now, const turn_load& gathered,
                                     std::size_t under_way);
  /// A turn is over.
  void ran(clock::time_point begin, clock::time_point end, const turn_load& load);
  /// A large turn is over, and not for long.
  [[nodiscard]] bool is_busy(clock::time_point now) const noexcept;

 private:
  // Of the last large turn:
  clock::duration length_{};  ///< zero: there was none
  clock::time_point end_;
  std::size_t events_ = 0;
  bool is_worth_a_wait_ = false;
  /// Requests that have not been answered in time: nobody waits for them again.
  std::size_t slow_ = 0;
  // Of the one that waits:
  std::optional<clock::time_point> could_begin_;
  std::size_t seen_ = 0;  ///< events, when it was asked last
};

/// What has arrived is read before a turn: it is decided and synced while the turn is written, and
/// goes out together in the next. Bounded, so that whoever floods the thread cannot keep it from
/// writing.
class read_first {
 public:
  /// Whether to let the thread read once more; `requests`: how many it has read so far.
  [[nodiscard]] bool once_more(std::uint64_t requests) noexcept;
  void turn_begins() noexcept { laps_ = 0; }

 private:
  unsigned laps_ = 0;
  unsigned quiet_ = 0;  ///< laps in a row in which nothing came
  std::uint64_t at_first_ = 0;
  std::uint64_t before_ = 0;
};

}  // namespace greenroom::net

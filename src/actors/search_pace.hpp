// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// When the searcher goes on with what it takes in. As long as it gets its processor it does not
/// pause. Where all processors are full, it would take a seventh of one from those who answer
/// clients, however low its priority: it puts off most of it then, for two minutes at most. So a
/// node that has more to do than it can for longer is behind by what came in two minutes more than
/// it would be, and the index of one that has not is up to date. A disk that lets it wait as long
/// looks the same from here, and it is put off there too. Look-ups are answered meanwhile; they
/// take in what their rooms lack. Pure; not thread-safe.

#include <algorithm>
#include <chrono>
#include <optional>

namespace greenroom::actors {

class search_pace {
 public:
  using clock = std::chrono::steady_clock;
  using ms = std::chrono::milliseconds;

  /// Waited five times as long as it has run: nothing is idle, and others go first.
  static constexpr int times_waited = 5;
  /// Pauses are so many times as long as it has run: a fortieth of a processor.
  static constexpr int times_paused = 40;
  static constexpr ms pause_max{1000};
  static constexpr std::chrono::seconds put_off_max{120};

  /// A step that has filled a transaction, with more to come, has run for `ran` of the `took` that
  /// went by, until `now`: the pause before the next.
  ms after_step(clock::duration took, clock::duration ran, clock::time_point now) {
    if (took < (1 + times_waited) * ran) return ms{0};
    if (!since_) since_ = now;
    if (now - *since_ >= put_off_max) return ms{0};
    return std::min(std::chrono::duration_cast<ms>(times_paused * ran), pause_max);
  }

  /// One step took in all that there was.
  void up_to_date() noexcept { since_.reset(); }

 private:
  std::optional<clock::time_point> since_;  ///< of the first pause that is not made up for
};

}  // namespace greenroom::actors

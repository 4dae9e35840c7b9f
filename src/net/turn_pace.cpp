// SPDX-License-Identifier: MIT
#include "net/turn_pace.hpp"

#include <algorithm>
#include <utility>

namespace greenroom::net {

namespace {

using namespace std::chrono_literals;

// What a large turn is: below that nothing is lost that would be worth a wait.
constexpr std::size_t many_writes = 64;
constexpr auto long_turn = 1ms;

// Parts of its length.
constexpr int step_part = 16;
constexpr int short_step_part = 64;
constexpr int most_part = 2;
constexpr turn_pace::clock::duration longest_wait = 6ms;
constexpr int busy_lengths = 2;

constexpr unsigned laps_max = 32;
constexpr std::uint64_t requests_max = 256;
/// What the reactor finds in a lap is read in the next one.
constexpr unsigned quiet_laps = 2;

/// Whether messages that come to those of the last turn share their writes.
bool gains_by_more(const turn_load& done) {
  return done.lists > 0 &&
         (2 * done.events >= 3 * done.lists || done.writes >= many_writes * done.lists);
}

}  // namespace

bool turn_pace::is_busy(clock::time_point now) const noexcept {
  return length_ > clock::duration::zero() && now - end_ < busy_lengths * length_;
}

turn_pace::clock::duration turn_pace::wait(clock::time_point now, const turn_load& gathered,
                                           std::size_t under_way) {
  if (!could_begin_) could_begin_ = now;
  const auto seen = std::exchange(seen_, gathered.events);
  if (!is_worth_a_wait_ || !is_busy(now)) return clock::duration::zero();
  const auto most = std::min(length_ / most_part, longest_wait);
  const auto step = std::min(length_ / step_part, most);
  if (now < end_ + step) return end_ + step - now;
  const auto latest = *could_begin_ + most;
  // A request leads to an answer and often to an event: either may come first.
  const auto done = std::min(std::max(gathered.answers, gathered.events), under_way);
  if (now >= latest) {
    slow_ = under_way - done;
    return clock::duration::zero();
  }
  slow_ = std::min(slow_, under_way);
  const auto expected = under_way - slow_;
  if (const auto missing = expected - std::min(done, expected); 2 * missing > done) {
    return std::min(step, latest - now);
  }
  if (gathered.events < events_ && gathered.events != seen) {
    return std::min(length_ / short_step_part, latest - now);
  }
  return clock::duration::zero();
}

void turn_pace::ran(clock::time_point begin, clock::time_point end, const turn_load& load) {
  could_begin_.reset();
  seen_ = 0;
  if (load.writes < many_writes || end - begin < long_turn) return;
  length_ = end - begin;
  end_ = end;
  events_ = load.events;
  is_worth_a_wait_ = gains_by_more(load);
}

bool read_first::once_more(std::uint64_t requests) noexcept {
  if (laps_ == 0) {
    at_first_ = before_ = requests;
    quiet_ = 0;
  } else {
    quiet_ = requests == before_ ? quiet_ + 1 : 0;
    before_ = requests;
  }
  if (quiet_ >= quiet_laps || requests - at_first_ >= requests_max || laps_ >= laps_max) {
    return false;
  }
  ++laps_;
  return true;
}

}  // namespace greenroom::net

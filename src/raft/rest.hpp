// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The time of a group that may rest.
///
/// A group in which nothing happens needs no heartbeats as long as somebody else watches the
/// machines: the leader says so to replicas that have all it has, and for all of them time stands
/// still, so nobody misses anything. Whatever happens sets it going again, from where it stood.
/// Only time-outs are concerned, on which no rule of Raft that keeps data safe depends; a replica
/// that was not told goes on, misses its leader, and the question for votes wakes the others.
/// (CockroachDB calls this quiescence, TiKV hibernation.)

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "raft/types.hpp"

namespace greenroom::raft {

/// From the owner's time, which always goes on, to that of the group.
class resting_clock {
 public:
  /// The group's time at the owner's time `now`.
  steady_ms at(steady_ms now) noexcept {
    owners_ = std::max(owners_, now);
    return stopped_.value_or(owners_ - behind_);
  }
  /// When it will be `group` for the owner, if nobody rests before.
  [[nodiscard]] steady_ms for_owner(steady_ms group) const noexcept {
    return group > never - behind_ ? never : group + behind_;
  }
  [[nodiscard]] steady_ms owners() const noexcept { return owners_; }
  [[nodiscard]] bool resting() const noexcept { return stopped_.has_value(); }
  void rest() noexcept {
    if (!stopped_) stopped_ = owners_ - behind_;
  }
  /// `missed`: how much of the rest counts all the same, at most all of it.
  void go_on(steady_ms missed) noexcept {
    if (!stopped_) return;
    const auto rested = owners_ - behind_ - *stopped_;
    behind_ += rested - std::min(missed, rested);
    stopped_.reset();
  }
  static constexpr steady_ms never = ~steady_ms{0};

 private:
  steady_ms owners_ = 0;
  steady_ms behind_ = 0;  ///< the group's time is this much less
  std::optional<steady_ms> stopped_;
};

/// What a replica that rests does when the machine of another server of its group is not heard: how
/// much of the rest counts when it goes on, in ms; nothing: it goes on resting. A follower is only
/// concerned with its leader. Two that both went on because they do not hear each other would both
/// miss a leader that is well and rests, and could elect one of them before it says so.
[[nodiscard]] constexpr std::optional<steady_ms> missed_by(server_id self, server_id leader,
                                                           server_id silent,
                                                           steady_ms election_timeout) noexcept {
  // Without its leader the group has waited for a while already.
  if (silent == leader) return election_timeout / 2;
  if (self == leader) return 0;
  return std::nullopt;
}

/// The leader of `term` rests at the end of its log; so may whoever has all of it.
struct rest_word {
  std::uint64_t term = 0;
  std::uint64_t last_index = 0;
  bool operator==(const rest_word&) const = default;
};

}  // namespace greenroom::raft

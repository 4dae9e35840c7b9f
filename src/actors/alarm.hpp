// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Keeps an actor from having more than the delayed tick that it needs.

#include <algorithm>
#include <chrono>
#include <optional>

namespace greenroom::actors {

/// When the next tick is under way. One that is overtaken by an earlier one still arrives, finds
/// nothing to do and is not replaced.
class alarm {
 public:
  using clock = std::chrono::steady_clock;

  /// True: a tick has to be sent for `at`, because none comes that early.
  bool wants(clock::time_point at) {
    if (armed_ && *armed_ <= at) {
      return false;
    }
    armed_ = at;
    return true;
  }
  /// A tick has come.
  void rang(clock::time_point now) {
    if (armed_ && *armed_ <= now + std::chrono::milliseconds(1)) {
      armed_.reset();
    }
  }
  /// How long to delay the tick for `at`: never nothing, so that an actor cannot spin.
  static std::chrono::milliseconds delay(clock::time_point at, clock::time_point now) {
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(at - now);
    return std::max(wait, std::chrono::milliseconds(1));
  }

 private:
  std::optional<clock::time_point> armed_;
};

}  // namespace greenroom::actors

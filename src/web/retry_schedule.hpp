// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// When a delivery that has failed is tried again. Pure: chance is given.

#include <chrono>
#include <cstdint>

namespace greenroom::web {

struct retry_schedule {
  std::chrono::milliseconds first{1000};
  std::chrono::milliseconds longest{std::chrono::hours(1)};
  std::uint32_t retries = 8;  ///< after the first attempt; then it is given up

  /// Whether there is another attempt after so many (1: the first one has failed).
  [[nodiscard]] bool goes_on(std::uint32_t attempts) const noexcept { return attempts <= retries; }
  /// How long after the `attempts`th: twice as long each time, at most `longest`, of which the
  /// second half is up to `chance` (0…1), so that those that fail together do not come together.
  [[nodiscard]] std::chrono::milliseconds pause_after(std::uint32_t attempts,
                                                      double chance) const noexcept;
};

/// What an answer means for a delivery.
enum class verdict : std::uint8_t {
  delivered,  ///< 2xx
  again,      ///< may pass: 408, 425, 429, 5xx, and no answer at all (0, 1xx)
  never,      ///< the receiver does not want it: redirects, other 4xx; or we do not allow it
};
/// `refused`: nothing was sent, because that is not allowed (post_result).
verdict judge(unsigned status, bool refused = false) noexcept;

}  // namespace greenroom::web

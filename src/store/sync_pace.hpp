// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// How long syncs of the log take: their median over the last ten seconds, to about an eighth.
/// Not thread-safe.

#include <array>
#include <cstddef>
#include <cstdint>

namespace greenroom::store {

class sync_pace {
 public:
  /// Seconds that count, the present one included.
  static constexpr std::size_t window_s = 10;
  /// With fewer syncs there is no median.
  static constexpr std::uint64_t enough = 8;

  /// `second`: of a steady clock.
  void add(std::uint64_t micros, std::uint64_t second);
  /// In microseconds; 0: too few syncs to tell.
  [[nodiscard]] std::uint64_t median(std::uint64_t second) const;

 private:
  /// Four to an octave, up to 2^32 µs.
  static constexpr std::size_t buckets = 128;
  struct slot {
    std::uint64_t second = 0;
    std::array<std::uint32_t, buckets> counts{};
  };
  std::array<slot, window_s> slots_{};
};

}  // namespace greenroom::store

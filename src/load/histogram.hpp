// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// A log-linear histogram of times: 64 linear steps per power of two, so a quantile is at most 1.6
/// % below the truth. Fixed size, no allocation while measuring.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace greenroom::load {

class histogram {
 public:
  void add(std::uint64_t value) {
    ++slots_[std::min(slot_of(value), slots_.size() - 1)];
    ++count_;
    largest_ = std::max(largest_, value);
  }

  /// The value that a share of `q` (0 to 1) lies below; 0 when empty.
  [[nodiscard]] double quantile(double q) const {
    const auto wanted = static_cast<std::uint64_t>(q * static_cast<double>(count_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      seen += slots_[i];
      if (seen > wanted) return static_cast<double>(lowest_of(i));
    }
    return static_cast<double>(largest_);
  }

  [[nodiscard]] double largest() const { return static_cast<double>(largest_); }

 private:
  static std::size_t slot_of(std::uint64_t value) {
    if (value < 64) return value;
    const auto exponent = std::bit_width(value) - 1;  // 6 or more
    const auto step = (value >> (exponent - 6)) & 63;
    return static_cast<std::size_t>(exponent - 5) * 64 + step;
  }
  static std::uint64_t lowest_of(std::size_t slot) {
    if (slot < 64) return slot;
    return (64 + slot % 64) << (slot / 64 - 1);
  }

  std::array<std::uint64_t, std::size_t{64} * 59> slots_{};
  std::uint64_t count_ = 0;
  std::uint64_t largest_ = 0;
};

}  // namespace greenroom::load

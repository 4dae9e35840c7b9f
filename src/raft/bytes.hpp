// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Big-endian numbers into and out of strings, with the bounds checked once and remembered.

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace greenroom::raft {

template <std::unsigned_integral T>
void put(std::string& out, T value) {
  for (int shift = static_cast<int>(sizeof(T) - 1) * 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(static_cast<std::uint8_t>(value >> shift)));
  }
}

/// Reads from the front. After a read beyond the end everything reads as zero and ok() is false.
class byte_reader {
 public:
  explicit byte_reader(std::string_view bytes) : rest_(bytes) {}

  template <std::unsigned_integral T>
  T get() {
    const auto raw = take(sizeof(T));
    std::uint64_t value = 0;
    for (const char c : raw)
      value = value << 8 | static_cast<std::uint8_t>(c);
    return static_cast<T>(value);
  }
  std::string_view take(std::size_t count) {
    if (count > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const auto front = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return front;
  }
  [[nodiscard]] bool ok() const noexcept { return ok_; }
  /// Nothing is left and nothing was missing.
  [[nodiscard]] bool finished() const noexcept { return ok_ && rest_.empty(); }
  [[nodiscard]] std::size_t left() const noexcept { return rest_.size(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace greenroom::raft

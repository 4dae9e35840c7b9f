// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// For how long the oldest message of an actor has waited, without a stamp on any message and
/// without a look at the clock where one is sent. An actor that takes a message knows what time it
/// is, because that is counted anyway: "by now so many had come" is a mark. While fewer than that
/// have been handled, at least one message is as old as the mark. So the age is never too high; it
/// is too low by what has passed between the oldest message and the first mark after it, which is
/// about a quarter of its wait where messages come evenly.

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace greenroom::actors {

class mailbox_age {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// By the actor alone, as it takes a message: `handled` before this one, `come` up to now.
  void note(std::uint64_t handled, std::uint64_t come, time_point now) noexcept {
    const auto last = count_in(marks_[(next_ + marks - 1) % marks].load(std::memory_order_relaxed));
    // Counts are compared by their differences: they wrap.
    const auto waiting = static_cast<std::uint32_t>(come - handled);
    const auto since = static_cast<std::uint32_t>(come) - last;
    if (come <= handled || since == 0 || std::uint64_t{since} * marks < waiting ||
        is_ahead(marks_[next_].load(std::memory_order_relaxed), handled)) {
      return;
    }
    marks_[next_].store(
        (std::uint64_t{static_cast<std::uint32_t>(come)} << 32) | ticks(now.time_since_epoch()),
        std::memory_order_relaxed);
    next_ = (next_ + 1) % marks;
  }

  /// By anybody. Empty: the actor has taken none since the oldest one came.
  [[nodiscard]] std::optional<std::chrono::milliseconds> at_least(std::uint64_t handled,
                                                                  time_point now) const noexcept {
    std::optional<std::uint32_t> most;
    for (const auto& each : marks_) {
      const auto mark = each.load(std::memory_order_relaxed);
      if (is_ahead(mark, handled)) {
        const auto age = ticks(now.time_since_epoch()) - static_cast<std::uint32_t>(mark);
        // Made since `now`.
        const auto past = age > std::uint32_t{1} << 31 ? 0 : age;
        most = std::max(most.value_or(0), past);
      }
    }
    if (!most) {
      return std::nullopt;
    }
    return std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::nanoseconds(std::int64_t{*most} << tick_bits));
  }

 private:
  static constexpr std::size_t marks = 4;
  /// A tick is 2^20 ns, about a millisecond: 32 bits of them are 52 days.
  static constexpr unsigned tick_bits = 20;

  static std::uint32_t ticks(std::chrono::nanoseconds since) noexcept {
    return static_cast<std::uint32_t>(since.count() >> tick_bits);
  }
  static std::uint32_t count_in(std::uint64_t mark) noexcept {
    return static_cast<std::uint32_t>(mark >> 32);
  }
  /// Fewer than the mark says have been handled.
  static bool is_ahead(std::uint64_t mark, std::uint64_t handled) noexcept {
    return mark != 0 &&
           static_cast<std::int32_t>(count_in(mark) - static_cast<std::uint32_t>(handled)) > 0;
  }

  /// Count and time in one, so that nobody reads half of a mark.
  std::array<std::atomic<std::uint64_t>, marks> marks_{};
  std::uint8_t next_ = 0;  ///< of the actor
};

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// A histogram of times for the way of every message: no lock, a few relaxed additions. (That of
/// prometheus-cpp takes a mutex.)

#include <prometheus/client_metric.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace greenroom::telemetry {

/// Thread-safe. Who reads meanwhile may see a time in the buckets that is not in the sum yet.
class histogram {
 public:
  using duration = std::chrono::steady_clock::duration;

  /// Negative times count as none.
  void observe(duration took) noexcept;
  /// Since `start`.
  void observe_since(std::chrono::steady_clock::time_point start) noexcept {
    observe(std::chrono::steady_clock::now() - start);
  }
  /// In seconds, without labels.
  [[nodiscard]] prometheus::ClientMetric collect() const;

  /// Upper bounds of the buckets: 100 µs to 10 s. What takes longer is in the last one, `+Inf`.
  static constexpr std::array<std::int64_t, 16> bounds_us{
      100,    250,     500,     1'000,   2'500,     5'000,     10'000,    25'000,
      50'000, 100'000, 250'000, 500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000};

 private:
  std::array<std::atomic<std::uint64_t>, bounds_us.size() + 1> buckets_{};
  std::atomic<std::uint64_t> sum_ns_{0};
};

}  // namespace greenroom::telemetry

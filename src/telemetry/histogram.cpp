// SPDX-License-Identifier: MIT
#include "telemetry/histogram.hpp"

#include <algorithm>
#include <limits>

namespace greenroom::telemetry {

void histogram::observe(duration took) noexcept {
  const auto ns =
      std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::nanoseconds>(took).count());
  std::size_t bucket = 0;
  while (bucket < bounds_us.size() && ns > bounds_us[bucket] * 1000)
    ++bucket;
  buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
  sum_ns_.fetch_add(static_cast<std::uint64_t>(ns), std::memory_order_relaxed);
}

prometheus::ClientMetric histogram::collect() const {
  prometheus::ClientMetric metric;
  auto& h = metric.histogram;
  std::uint64_t so_far = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    so_far += buckets_[i].load(std::memory_order_relaxed);
    prometheus::ClientMetric::Bucket b;
    b.cumulative_count = so_far;
    b.upper_bound = i < bounds_us.size() ? static_cast<double>(bounds_us[i]) / 1e6
                                         : std::numeric_limits<double>::infinity();
    h.bucket.push_back(b);
  }
  h.sample_count = so_far;
  h.sample_sum = static_cast<double>(sum_ns_.load(std::memory_order_relaxed)) / 1e9;
  return metric;
}

}  // namespace greenroom::telemetry

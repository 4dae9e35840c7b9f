// SPDX-License-Identifier: MIT
#include "actors/rate_limiter.hpp"

#include <algorithm>
#include <cmath>

namespace greenroom::actors {

namespace {

/// A stripe with more users than this drops those whose buckets have filled up again.
constexpr std::size_t sweep_above = 4096;

}  // namespace

std::optional<std::int64_t> rate_limiter::take(const uuid& user,
                                               std::chrono::steady_clock::time_point now) {
  if (per_minute_ == 0) {
    return std::nullopt;
  }
  const double capacity = per_minute_;
  const double per_ms = capacity / 60'000.0;
  const auto elapsed_ms = [&](const bucket& b) {
    return std::chrono::duration<double, std::milli>(now - b.at).count();
  };
  auto& s = stripes_[uuid_hash{}(user) % stripes];
  const std::lock_guard lock(s.mutex);
  if (s.buckets.size() > sweep_above) {
    std::erase_if(s.buckets, [&](const auto& entry) {
      return entry.second.tokens + elapsed_ms(entry.second) * per_ms >= capacity;
    });
  }
  auto [it, fresh] = s.buckets.try_emplace(user, bucket{capacity, now});
  auto& b = it->second;
  if (!fresh) {
    b.tokens = std::min(capacity, b.tokens + std::max(0.0, elapsed_ms(b)) * per_ms);
    b.at = now;
  }
  if (b.tokens >= 1.0) {
    b.tokens -= 1.0;
    return std::nullopt;
  }
  return static_cast<std::int64_t>(std::ceil((1.0 - b.tokens) / per_ms));
}

}  // namespace greenroom::actors

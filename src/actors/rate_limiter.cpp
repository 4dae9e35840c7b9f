// SPDX-License-Identifier: MIT
#include "actors/rate_limiter.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "config/live.hpp"

namespace greenroom::actors {

namespace {

constexpr double owed_max_minutes = 8;

/// limits.messages_per_minute may be another one by now.
std::uint32_t limit_now(std::uint32_t at_start) noexcept {
  const auto* changed = config::changed();
  return changed != nullptr ? changed->limits.messages_per_minute : at_start;
}

/// A user who has taken so much more is told of, again and again until somebody has asked.
std::uint32_t worth_of_telling(std::uint32_t limit) noexcept {
  return std::max(1U, limit / 20);
}

}  // namespace

rate_limiter::stripe& rate_limiter::stripe_of(const uuid& user) {
  return stripes_[uuid_hash{}(user) % stripes];
}

rate_limiter::bucket& rate_limiter::look(stripe& s, const uuid& user,
                                         std::chrono::steady_clock::time_point now) const {
  const auto limit = limit_now(per_minute_);
  const double capacity = limit;
  const auto filled = [&](const bucket& b) {
    const auto ms = std::chrono::duration<double, std::milli>(now - b.at).count();
    return std::min(capacity, b.tokens + std::max(0.0, ms) * capacity / 60'000.0);
  };
  if (s.buckets.size() >= s.sweep_at && !s.buckets.contains(user)) {
    s.looked_at += s.buckets.size();
    std::erase_if(s.buckets, [&](const auto& entry) { return filled(entry.second) >= capacity; });
    // Not again before as many have come: otherwise each of many busy people would pay for a sweep.
    s.sweep_at = std::max(sweep_above, 2 * s.buckets.size());
  }
  auto [it, fresh] = s.buckets.try_emplace(user, bucket{capacity, now});
  auto& b = it->second;
  if (!fresh) {
    b.tokens = filled(b);
    b.at = now;
    if (b.tokens >= capacity && b.untold < worth_of_telling(limit)) {
      b.untold = 0;  // so long ago that the others would have filled up again as well
    }
  }
  return b;
}

std::optional<std::int64_t> rate_limiter::take(const uuid& user,
                                               std::chrono::steady_clock::time_point now) {
  const auto limit = limit_now(per_minute_);
  if (limit == 0) {
    return std::nullopt;
  }
  auto& s = stripe_of(user);
  const std::lock_guard lock(s.mutex);
  auto& b = look(s, user, now);
  if (b.tokens >= 1.0) {
    b.tokens -= 1.0;
    if (++b.untold % worth_of_telling(limit) == 0) {
      s.due.push_back(user);
    }
    return std::nullopt;
  }
  return static_cast<std::int64_t>(std::ceil((1.0 - b.tokens) * 60'000.0 / limit));
}

std::vector<taken> rate_limiter::untold(std::size_t max) {
  std::vector<taken> found;
  for (auto& s : stripes_) {
    const std::lock_guard lock(s.mutex);
    while (found.size() < max && !s.due.empty()) {
      const auto user = s.due.back();
      s.due.pop_back();
      // Swept meanwhile: full again, here and there.
      if (const auto it = s.buckets.find(user); it != s.buckets.end()) {
        if (const auto count = std::exchange(it->second.untold, 0); count > 0) {
          found.push_back({user, count});
        }
      }
    }
  }
  return found;
}

void rate_limiter::charge(const taken& there, std::chrono::steady_clock::time_point now) {
  const auto limit = limit_now(per_minute_);
  if (limit == 0) {
    return;
  }
  auto& s = stripe_of(there.user);
  const std::lock_guard lock(s.mutex);
  auto& b = look(s, there.user, now);
  b.tokens = std::max(b.tokens - there.count, -owed_max_minutes * limit);
}

rate_limiter::upkeep rate_limiter::kept() {
  upkeep found;
  for (auto& s : stripes_) {
    const std::lock_guard lock(s.mutex);
    found.remembered += s.buckets.size();
    found.looked_at += s.looked_at;
  }
  return found;
}

}  // namespace greenroom::actors

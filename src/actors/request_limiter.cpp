// SPDX-License-Identifier: MIT
#include "actors/request_limiter.hpp"

#include <algorithm>

#include "config/live.hpp"

namespace greenroom::actors {

namespace {

constexpr std::chrono::nanoseconds a_minute = std::chrono::minutes(1);

/// limits.requests_per_minute may be another one by now.
std::uint32_t limit_now(std::uint32_t at_start) noexcept {
  const auto* changed = config::changed();
  return changed != nullptr ? changed->limits.requests_per_minute : at_start;
}

}  // namespace

request_limiter::person& request_limiter::look(stripe& s, const uuid& user, ns now) {
  const auto known = s.people.find(user);
  if (known != s.people.end()) {
    return known->second;
  }
  if (s.people.size() >= s.sweep_at) {
    std::erase_if(s.people, [&](const auto& entry) { return entry.second.all_full_at <= now; });
    // Not again before as many have come: otherwise each of many busy people would pay for a sweep.
    s.sweep_at = std::max(sweep_above, 2 * s.people.size());
  }
  return s.people[user];
}

std::optional<std::int64_t> request_limiter::take(const uuid& user, std::uint16_t kind,
                                                  std::chrono::steady_clock::time_point now,
                                                  std::uint32_t cost) {
  const auto limit = limit_now(per_minute_);
  if (limit == 0) {
    return std::nullopt;
  }
  const ns at = now.time_since_epoch();
  auto& s = stripes_[uuid_hash{}(user) % stripes];
  const std::lock_guard lock(s.mutex);
  auto& p = look(s, user, at);
  auto& full_at = p.full_at[kind < kinds ? kind : 0];
  const auto next = std::max(full_at, at) + a_minute / limit * std::min(cost, limit);
  if (next - at > a_minute) {
    return std::chrono::ceil<std::chrono::milliseconds>(next - at - a_minute).count();
  }
  full_at = next;
  p.all_full_at = std::max(p.all_full_at, next);
  return std::nullopt;
}

std::size_t request_limiter::people() {
  std::size_t found = 0;
  for (auto& s : stripes_) {
    const std::lock_guard lock(s.mutex);
    found += s.people.size();
  }
  return found;
}

}  // namespace greenroom::actors

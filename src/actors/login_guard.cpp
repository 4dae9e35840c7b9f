// SPDX-License-Identifier: MIT
#include "actors/login_guard.hpp"

#include <algorithm>
#include <cmath>

#include "net/address_places.hpp"

namespace greenroom::actors {

namespace {

constexpr double ms_per_minute = 60'000;
constexpr std::size_t sweep_above = 4096;

}  // namespace

double login_guard::tokens_of(const bucket& b, clock::time_point now) const {
  const auto ms = std::chrono::duration<double, std::milli>(now - b.at).count();
  return std::min<double>(per_minute_, b.tokens + std::max(0.0, ms) * per_minute_ / ms_per_minute);
}

void login_guard::forget_full(clock::time_point now) {
  std::erase_if(buckets_, [&](const auto& entry) {
    return entry.second.under_way == 0 && tokens_of(entry.second, now) >= per_minute_;
  });
}

login_guard::verdict login_guard::begin(const std::string& key, clock::time_point now) {
  if (per_minute_ == 0) {
    return {};
  }
  forget_full(now);
  auto& b =
      buckets_.try_emplace(key, bucket{static_cast<double>(per_minute_), now, 0}).first->second;
  const auto tokens = tokens_of(b, now);
  if (tokens >= b.under_way + 1.0) {
    ++b.under_way;
    return {};
  }
  if (b.under_way > 0) {
    return {true, std::nullopt};
  }
  return {false,
          static_cast<std::int64_t>(std::ceil((1.0 - tokens) * ms_per_minute / per_minute_))};
}

void login_guard::end(const std::string& key, bool wrong, clock::time_point now) {
  const auto it = buckets_.find(key);
  if (it == buckets_.end()) {
    return;
  }
  auto& b = it->second;
  b.tokens = std::max(0.0, tokens_of(b, now) - (wrong ? 1.0 : 0.0));
  b.at = now;
  b.under_way -= b.under_way > 0 ? 1 : 0;
  forget_full(now);
}

std::optional<std::int64_t> login_guard::refused_ms(const std::string& key,
                                                    clock::time_point now) const {
  const auto it = buckets_.find(key);
  if (it == buckets_.end()) {
    return std::nullopt;
  }
  const auto tokens = tokens_of(it->second, now);
  return tokens >= 1.0 ? std::nullopt
                       : std::optional(static_cast<std::int64_t>(
                             std::ceil((1.0 - tokens) * ms_per_minute / per_minute_)));
}

void login_guard::failed(const std::string& key, clock::time_point now) {
  if (per_minute_ == 0) {
    return;
  }
  if (buckets_.size() >= std::max(sweep_above, sweep_at_)) {
    forget_full(now);
    // Not again before as many have come: otherwise each of many would pay for a sweep.
    sweep_at_ = 2 * buckets_.size();
  }
  auto& b =
      buckets_.try_emplace(key, bucket{static_cast<double>(per_minute_), now, 0}).first->second;
  b.tokens = std::max(0.0, tokens_of(b, now) - 1.0);
  b.at = now;
}

bool login_guard::has_failed(const std::string& key, clock::time_point now) const {
  const auto it = buckets_.find(key);
  return it != buckets_.end() && tokens_of(it->second, now) < per_minute_;
}

login_guard::clock::time_point login_guard::forgotten_at(clock::time_point now) const {
  auto last = clock::time_point::max();
  for (const auto& [key, b] : buckets_) {
    const auto missing = per_minute_ - tokens_of(b, now);
    if (missing <= 0 && b.under_way == 0) {
      continue;
    }
    const auto full =
        now + std::chrono::milliseconds(
                  static_cast<std::int64_t>(std::ceil(missing * ms_per_minute / per_minute_)) + 1);
    last = last == clock::time_point::max() ? full : std::max(last, full);
  }
  return last;
}

// -- addresses -----------------------------------------------------------------------------------

std::optional<std::int64_t> address_guard::refused_ms(const std::string& address,
                                                      login_guard::clock::time_point now) {
  const std::lock_guard lock(mutex_);
  return guard_.refused_ms(network_of(address), now);
}

void address_guard::failed(const std::string& address, login_guard::clock::time_point now) {
  const std::lock_guard lock(mutex_);
  guard_.failed(network_of(address), now);
}

std::string network_of(const std::string& address) {
  return net::network_of(address);
}

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#include "net/connect_limiter.hpp"

#include <algorithm>

namespace greenroom::net {

namespace {

constexpr std::size_t addresses_max = 65536;

}  // namespace

asio::ip::address plain_address(const asio::ip::address& a) {
  if (!a.is_v6() || !a.to_v6().is_v4_mapped()) return a;
  return asio::ip::make_address_v4(asio::ip::v4_mapped, a.to_v6());
}

asio::ip::address group_of(const asio::ip::address& peer) {
  auto from = plain_address(peer);
  if (!from.is_v6()) return from;
  auto bytes = from.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return asio::ip::address_v6(bytes);
}

double connect_limiter::filled(const bucket& b, steady::time_point now) const {
  const auto minutes = std::chrono::duration<double, std::ratio<60>>(now - b.at).count();
  return std::min<double>(per_minute_, b.tokens + minutes * per_minute_);
}

void connect_limiter::forget_full(steady::time_point now) {
  std::erase_if(buckets_, [&](const auto& e) { return filled(e.second, now) >= per_minute_; });
  // More addresses than that are an attack from many: better to start anew than to grow, or to look
  // through all of them again for each of the next.
  if (buckets_.size() > addresses_max / 2) buckets_.clear();
}

bool connect_limiter::admit(const asio::ip::address& from, steady::time_point now) {
  const auto who = group_of(from);
  if (per_minute_ == 0 || who.is_loopback() || from.is_loopback()) return true;
  if (buckets_.size() >= addresses_max) forget_full(now);
  auto& b = buckets_.try_emplace(who, bucket{static_cast<double>(per_minute_), now}).first->second;
  b.tokens = filled(b, now);
  b.at = now;
  if (b.tokens < 1) return false;
  b.tokens -= 1;
  return true;
}

}  // namespace greenroom::net

// SPDX-License-Identifier: MIT
#include "actors/link_delays.hpp"

namespace greenroom::actors {

link_delays& link_delays::instance() {
  static link_delays one;
  return one;
}

void link_delays::set(const uuid& peer, ms delay, clock::time_point until, clock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (delay > ms(0) && until > now) {
    entries_[peer] = {delay, until};
  } else {
    entries_.erase(peer);
  }
  count_.store(entries_.size(), std::memory_order_relaxed);
}

link_delays::ms link_delays::of(const uuid& peer, clock::time_point now) {
  if (count_.load(std::memory_order_relaxed) == 0) {
    return ms(0);
  }
  const std::lock_guard lock(mutex_);
  const auto it = entries_.find(peer);
  if (it == entries_.end()) {
    return ms(0);
  }
  if (now < it->second.until) {
    return it->second.delay;
  }
  entries_.erase(it);
  count_.store(entries_.size(), std::memory_order_relaxed);
  return ms(0);
}

std::vector<link_delays::view> link_delays::all(clock::time_point now) const {
  const std::lock_guard lock(mutex_);
  std::vector<view> found;
  for (const auto& [peer, e] : entries_) {
    if (now < e.until) {
      found.push_back({peer, e.delay, std::chrono::duration_cast<ms>(e.until - now)});
    }
  }
  return found;
}

}  // namespace greenroom::actors

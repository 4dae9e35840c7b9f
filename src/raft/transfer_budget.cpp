// SPDX-License-Identifier: MIT
#include "raft/transfer_budget.hpp"

#include <algorithm>
#include <utility>

namespace greenroom::raft {

void transfer_budget::lease::end() noexcept {
  if (const auto from = std::exchange(from_, nullptr)) {
    const std::lock_guard lock(from->mutex_);
    --from->side_of(which_).under_way;
  }
}

transfer_budget::transfer_budget(const transfer_limits& limits, std::function<steady_ms()> clock)
    : limits_(limits), clock_(std::move(clock)) {}

std::optional<transfer_budget::lease> transfer_budget::begin(direction which) {
  const auto now = clock_();
  {
    const std::lock_guard lock(mutex_);
    auto& s = side_of(which);
    // Small states would otherwise come and go, and those that are larger wait for all of them.
    if (s.under_way >= limits_.at_once || s.free_at > now + turn_ms) return {};
    ++s.under_way;
  }
  return lease(shared_from_this(), which);
}

void transfer_budget::charge(direction which, std::uint64_t bytes) {
  if (limits_.bytes_per_second == 0) return;
  const auto now = clock_();
  const std::lock_guard lock(mutex_);
  auto& s = side_of(which);
  // What was not used is not saved up.
  if (s.free_at < now) s = {s.under_way, now, 0};
  const auto owed = bytes * 1000 + s.fraction;
  s.free_at += owed / limits_.bytes_per_second;
  s.fraction = owed % limits_.bytes_per_second;
}

std::uint32_t transfer_budget::piece_bytes(std::uint32_t at_most, unsigned pieces) const {
  if (limits_.bytes_per_second == 0) return at_most;
  const auto turn = std::max<std::uint64_t>(
      limits_.bytes_per_second * turn_ms / 1000 / limits_.at_once, turn_bytes_min);
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(at_most, turn / std::max(pieces, 1U)));
}

steady_ms transfer_budget::wait_ms(direction which) const {
  const auto now = clock_();
  const std::lock_guard lock(mutex_);
  const auto free_at = sides_[static_cast<std::size_t>(which)].free_at;
  return free_at > now ? free_at - now : 0;
}

}  // namespace greenroom::raft

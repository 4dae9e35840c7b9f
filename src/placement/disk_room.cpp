// SPDX-License-Identifier: MIT
#include "placement/disk_room.hpp"

#include <algorithm>

namespace greenroom::placement {

namespace {

disk_room room_of(std::uint64_t free, std::uint64_t reserve) {
  if (free < reserve / 2) return disk_room::none;
  if (free < reserve) return disk_room::scarce;
  return free < 2 * reserve ? disk_room::low : disk_room::ample;
}

}  // namespace

disk_room room_judge::look(std::uint64_t free, std::uint64_t capacity, std::uint64_t reserve) {
  const auto kept = std::min(reserve, capacity / 8);
  const auto now = room_of(free, kept);
  // As much better as it would be with a fifth of it gone, but not worse than it is.
  const auto safely = room_of(free - free / 5, kept);
  last_ = now >= last_ ? now : std::min(last_, safely);
  return last_;
}

}  // namespace greenroom::placement

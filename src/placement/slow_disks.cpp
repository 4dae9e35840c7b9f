// SPDX-License-Identifier: MIT
#include "placement/slow_disks.hpp"

#include <algorithm>
#include <vector>

namespace greenroom::placement {

disk_sign sign_of(sync_us own, std::span<const sync_us> peers, const slow_disk_limits& limits) {
  if (own == 0) return disk_sign::well;
  std::vector<sync_us> known;
  std::copy_if(peers.begin(), peers.end(), std::back_inserter(known),
               [](sync_us p) { return p != 0; });
  if (known.empty()) return disk_sign::unclear;
  const auto middle = known.begin() + static_cast<std::ptrdiff_t>(known.size() / 2);
  std::nth_element(known.begin(), middle, known.end());
  const auto typical = *middle;
  if (own > limits.at_least && own / limits.times > typical) return disk_sign::slow;
  if (own < limits.at_least / 2 || own / limits.well_times < typical) return disk_sign::well;
  return disk_sign::unclear;
}

bool disk_judge::look(sync_us own, std::span<const sync_us> peers, time_point now) {
  const auto opposite = slow_ ? disk_sign::well : disk_sign::slow;
  if (sign_of(own, peers, limits_) != opposite) {
    other_since_.reset();
    return slow_;
  }
  if (!other_since_) other_since_ = now;
  if (now - *other_since_ >= (slow_ ? limits_.well_for : limits_.slow_for)) {
    slow_ = !slow_;
    other_since_.reset();
  }
  return slow_;
}

bool move_allowance::take(time_point now) {
  while (!taken_.empty() && now - taken_.front() >= std::chrono::minutes(1))
    taken_.pop_front();
  if (taken_.size() >= per_minute_) return false;
  taken_.push_back(now);
  return true;
}

std::optional<uuid> leader_instead(std::span<const other_replica> others) {
  const auto voters = others.size() + 1;
  const auto well = static_cast<std::size_t>(
      std::count_if(others.begin(), others.end(), [](const auto& o) { return o.well; }));
  if (well < voters / 2 + 1) return {};
  return std::find_if(others.begin(), others.end(), [](const auto& o) { return o.well; })->node;
}

std::optional<uuid> leader_instead(std::vector<other_replica> others, std::span<const uuid> order) {
  const auto place = [&](const other_replica& o) {
    return std::find(order.begin(), order.end(), o.node);
  };
  std::stable_sort(others.begin(), others.end(),
                   [&](const auto& a, const auto& b) { return place(a) < place(b); });
  return leader_instead(others);
}

}  // namespace greenroom::placement

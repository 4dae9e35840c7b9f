// SPDX-License-Identifier: MIT
#include "actors/disk_paces.hpp"

#include <utility>
#include <vector>

#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace greenroom::actors {

void disk_paces::note(const node_id& node, disk_pace pace) {
  const std::lock_guard lock(mutex_);
  others_[node] = pace;
}

void disk_paces::forget(const node_id& node) {
  const std::lock_guard lock(mutex_);
  others_.erase(node);
}

disk_pace disk_paces::look(placement::sync_us own, const std::string& damage,
                           clock::time_point now) {
  static auto& pace = telemetry::gauge("greenroom_log_sync_median_seconds",
                                       "Median time of a sync of the log over ten seconds");
  static auto& verdict = telemetry::gauge(
      "greenroom_slow_disk", "1: this node leads nothing because its disk is slow beside others'");
  static auto& broken = telemetry::gauge(
      "greenroom_store_damaged", "1: something in the store cannot be read; the log says what");
  const std::lock_guard lock(mutex_);
  if (!damage.empty() && !std::exchange(damaged_, true)) {
    telemetry::log("cluster").critical(
        "this node's store is damaged: {}; where there are other nodes they shall lead, and with "
        "an "
        "empty data directory it gets everything from them",
        damage);
    broken.Set(1);
  }
  std::vector<placement::sync_us> peers;
  placement::sync_us quickest = 0;
  for (const auto& [node, other] : others_) {
    peers.push_back(other.sync_us);
    if (other.sync_us != 0 && (quickest == 0 || other.sync_us < quickest)) {
      quickest = other.sync_us;
    }
  }
  const bool before = judge_.slow();
  const bool slow = judge_.look(own, peers, now);
  if (slow && !before) {
    telemetry::log("cluster").warn(
        "this node's disk is slow: a sync takes {} ms, that of the quickest other node {} ms; "
        "other nodes shall lead",
        own / 1000, quickest / 1000);
  } else if (before && !slow) {
    telemetry::log("cluster").info("this node's disk is well again: a sync takes {} ms",
                                   own / 1000);
  }
  pace.Set(static_cast<double>(own) / 1e6);
  verdict.Set(slow ? 1 : 0);
  return {own, slow || damaged_};
}

bool disk_paces::is_bad(const node_id& node) const {
  const std::lock_guard lock(mutex_);
  const auto it = others_.find(node);
  return it != others_.end() && it->second.bad;
}

bool disk_paces::self_is_bad() const {
  const std::lock_guard lock(mutex_);
  return judge_.slow() || damaged_;
}

bool disk_paces::may_move(clock::time_point now) {
  const std::lock_guard lock(mutex_);
  return moves_.take(now);
}

}  // namespace greenroom::actors

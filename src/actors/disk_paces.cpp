// SPDX-License-Identifier: MIT
#include "actors/disk_paces.hpp"

#include <filesystem>
#include <system_error>
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

disk_space space_of(const std::string& folder, std::uint64_t reserve) {
  std::error_code failed;
  const auto space = std::filesystem::space(folder, failed);
  return failed ? disk_space{} : disk_space{space.available, space.capacity, reserve};
}

void disk_paces::look_at(const disk_space& space) {
  using placement::disk_room;
  static auto& gauge = telemetry::gauge(
      "greenroom_disk_room",
      "0: ample, 1: low, the node leads nothing, 2: scarce, it takes no new messages, 3: none, nor "
      "anything of other nodes");
  const auto before = room_.load();
  const auto now = rooms_.look(space.free, space.capacity, space.reserve);
  room_.store(now);
  gauge.Set(static_cast<double>(now));
  if (now == before) return;
  auto& log = telemetry::log("cluster");
  const auto left = space.free >> 20;
  switch (now) {
    case disk_room::ample:
      return log.info("{} MiB are free on the disk of the store: room enough again", left);
    case disk_room::low:
      return log.warn("{} MiB are free on the disk of the store: other nodes shall lead", left);
    case disk_room::scarce:
      return log.error(
          "{} MiB are free on the disk of the store, less than store.reserve_mib wants: no new "
          "messages until there is room",
          left);
    case disk_room::none:
      return log.critical(
          "{} MiB are free on the disk of the store: nothing is taken from other nodes until "
          "there is room",
          left);
  }
}

disk_pace disk_paces::look(placement::sync_us own, const std::string& damage, clock::time_point now,
                           const disk_space& space) {
  static auto& pace = telemetry::gauge("greenroom_log_sync_median_seconds",
                                       "Median time of a sync of the log over ten seconds");
  static auto& verdict = telemetry::gauge(
      "greenroom_slow_disk", "1: this node leads nothing because its disk is slow beside others'");
  static auto& broken = telemetry::gauge(
      "greenroom_store_damaged", "1: something in the store cannot be read; the log says what");
  const std::lock_guard lock(mutex_);
  look_at(space);
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
  return {own, judged_bad()};
}

bool disk_paces::is_bad(const node_id& node) const {
  const std::lock_guard lock(mutex_);
  const auto it = others_.find(node);
  return it != others_.end() && it->second.bad;
}

bool disk_paces::self_is_bad() const {
  const std::lock_guard lock(mutex_);
  return judged_bad();
}

bool disk_paces::self_is_slow_or_damaged() const {
  const std::lock_guard lock(mutex_);
  return is_slow_or_damaged();
}

bool disk_paces::may_move(clock::time_point now) {
  const std::lock_guard lock(mutex_);
  return moves_.take(now);
}

}  // namespace greenroom::actors

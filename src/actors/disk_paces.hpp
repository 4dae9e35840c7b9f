// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// How the disks of the nodes are, as each says itself four times a second, and what follows: a
/// node whose disk is slow (placement/slow_disks.hpp) or nearly full (placement/disk_room.hpp), or
/// in whose store something was found that cannot be read, leads nothing that others can lead, and
/// nobody hands leadership to it. What is damaged stays so until its store is made anew.
/// Thread-safe.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "actors/calls.hpp"
#include "placement/disk_room.hpp"
#include "placement/slow_disks.hpp"

namespace greenroom::actors {

struct disk_pace {
  placement::sync_us sync_us = 0;
  bool bad = false;  ///< slow, damaged or nearly full, by the node's own judgement
};

/// Of the file system of the store, in bytes. Without a capacity it is not known.
struct disk_space {
  std::uint64_t free = 0;
  std::uint64_t capacity = 0;
  std::uint64_t reserve = 0;  ///< as set
};
disk_space space_of(const std::string& folder, std::uint64_t reserve);

class disk_paces {
 public:
  using clock = std::chrono::steady_clock;

  /// Another node's word.
  void note(const node_id& node, disk_pace pace);
  /// Its link is down.
  void forget(const node_id& node);
  /// Judges this node's own disk anew, logs when the verdict changes, and returns what to tell.
  /// `damage`: what cannot be read; empty: all could be.
  disk_pace look(placement::sync_us own, const std::string& damage, clock::time_point now,
                 const disk_space& space = {});

  [[nodiscard]] bool is_bad(const node_id& node) const;
  [[nodiscard]] bool self_is_bad() const;
  /// Whether that is for another reason than room.
  [[nodiscard]] bool self_is_slow_or_damaged() const;
  // As of the last look; these cost next to nothing.
  [[nodiscard]] placement::disk_room room() const noexcept { return room_.load(); }
  /// Whether leaders here take what is new.
  [[nodiscard]] bool has_room_to_lead() const noexcept {
    return room() < placement::disk_room::scarce;
  }
  /// Whether followers here take their leaders' entries.
  [[nodiscard]] bool has_room_to_follow() const noexcept {
    return room() < placement::disk_room::none;
  }
  /// Whether one more shard may be handed over because of that.
  bool may_move(clock::time_point now);

 private:
  /// Logs when it is another one than before.
  void look_at(const disk_space& space);
  [[nodiscard]] bool is_slow_or_damaged() const { return judge_.slow() || damaged_; }
  [[nodiscard]] bool judged_bad() const {
    return is_slow_or_damaged() || room() != placement::disk_room::ample;
  }

  mutable std::mutex mutex_;
  std::unordered_map<node_id, disk_pace, uuid_hash> others_;
  placement::disk_judge judge_;
  placement::room_judge rooms_;
  std::atomic<placement::disk_room> room_{placement::disk_room::ample};
  bool damaged_ = false;
  placement::move_allowance moves_{30};
};

}  // namespace greenroom::actors

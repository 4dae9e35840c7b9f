// SPDX-License-Identifier: MIT
/// What a room's retention has taken is gone from its memory too, and its stream begins after it.

#include <algorithm>

#include "actors/room.hpp"

namespace greenroom::actors {

void room::follow_purge(const chat::room_purged& purged) {
  if (!room_ || purged.room_id != id()) {
    return;
  }
  // The record may know already, when it was read anew; the messages here still do not.
  room_->purged_seq = std::max(room_->purged_seq, purged.purged_seq);
  if (!recent_.empty() && recent_.front().seq <= purged.purged_seq) {
    std::erase_if(recent_, [&](const protocol::message& m) { return m.seq <= purged.purged_seq; });
    // All before the oldest one here is gone, so these are all there are.
    recent_is_all_ = true;
  } else if (!recent_is_all_) {
    // Whether there are older ones, the store knows.
    recent_.clear();
    recent_loaded_ = false;
  }
}

std::uint64_t room::first_told(const chat::member& m) const {
  return room_ ? std::max(m.joined_seq, room_->purged_seq + 1) : m.joined_seq;
}

}  // namespace greenroom::actors

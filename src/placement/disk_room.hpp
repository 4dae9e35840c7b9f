// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// How much room a node's disk has left, and what it does without before there is none: a store
/// that cannot write ends its process, and everything that is kept here with it. What is reserved
/// is for what has to be written still: memtables, compactions, terms and votes, deletions.

#include <cstdint>

namespace greenroom::placement {

/// Each also does what those before it do.
enum class disk_room : std::uint8_t {
  ample,
  low,     ///< below twice the reserve: leads nothing that others can lead
  scarce,  ///< below the reserve: a leader takes no more writes but those that free room
  none,    ///< below half of it: a follower takes no more entries, nor states
};

/// It becomes less at once, and more when a quarter more than that is free, so that one on the
/// border does not go to and fro. Not thread-safe.
class room_judge {
 public:
  /// In bytes. Of a small file system the reserve is an eighth at most. A reserve or a capacity of
  /// 0: there is always room.
  disk_room look(std::uint64_t free, std::uint64_t capacity, std::uint64_t reserve);

 private:
  disk_room last_ = disk_room::ample;
};

}  // namespace greenroom::placement

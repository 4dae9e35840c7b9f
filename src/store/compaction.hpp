// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Compacting everything that a store has, because somebody asks for it: what was deleted and
/// overwritten leaves the disk. RocksDB does it by itself, bit by bit; this is for who needs the
/// space now.

#include <atomic>
#include <cstdint>
#include <map>
#include <vector>

#include "store/database.hpp"

namespace greenroom::store {

struct compacted {
  // In table files.
  std::uint64_t bytes_before = 0;
  std::uint64_t bytes_after = 0;
  bool was_cancelled = false;
};

/// Blocks for as long as it takes: all tables are read and written. Families one after the other,
/// with RocksDB's own threads besides, so that writes go on. Ends soon after `cancel` has become
/// true; what is done by then stays done. Needs as much free space as the largest family has.
expected<compacted> compact(database& db, std::atomic<bool>& cancel);

/// What has been deleted of one shard, for good.
struct freed {
  std::uint16_t shard = 0;
  std::map<uuid, std::uint64_t> rooms;  ///< up to which seq their messages and entries are gone
  bool any_rooms = false;               ///< and of others too, it is not known of which
};

/// Whether nothing is left of the beginning that was cut off the shard's log. Throws damaged.
bool is_swept(database& db, std::uint16_t shard);

/// Makes the disk forget what was deleted: everything in memory is written to tables, so that no
/// write-ahead log has it any more, and the tables that have the old beginning of the shard's log,
/// or old messages and entries of rooms, are compacted: those ranges only. Blocks meanwhile, as
/// long as tables of that size take. Ends soon after `cancel` has become true.
expected<void> give_back(database& db, const std::vector<freed>& what, std::atomic<bool>& cancel);

}  // namespace greenroom::store

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Compacting everything that a store has, because somebody asks for it: what was deleted and
/// overwritten leaves the disk. RocksDB does it by itself, bit by bit; this is for who needs the
/// space now.

#include <atomic>
#include <cstdint>

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

}  // namespace greenroom::store

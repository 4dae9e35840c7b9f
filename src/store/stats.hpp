// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// How much there is of what, for the console and the metrics. Estimates of RocksDB, without a
/// scan.

#include <cstdint>
#include <vector>

#include "store/database.hpp"

namespace greenroom::store {

struct family_size {
  family of = family::meta;
  std::uint64_t records = 0;       ///< estimated; overwritten ones may count twice
  std::uint64_t disk_bytes = 0;    ///< in files, compressed, what is obsolete included
  std::uint64_t memory_bytes = 0;  ///< written, not yet in files
};

/// Every family in the order of the enum.
std::vector<family_size> sizes(database& db);

/// How the store is doing as a whole.
struct store_state {
  std::uint64_t data_bytes = 0;      ///< in files, compressed
  std::uint64_t log_bytes = 0;       ///< of the shards' logs, with what is not in files yet
  std::uint64_t memtable_bytes = 0;  ///< written, not yet in files
  std::uint64_t cache_bytes = 0;     ///< blocks of files in memory, for all families
  std::uint64_t journal_bytes = 0;   ///< RocksDB's own log, which is read after a crash
  std::uint64_t pending_compaction_bytes = 0;
  std::uint64_t compactions = 0;                ///< running
  std::uint64_t flushes = 0;                    ///< running
  std::uint64_t delayed_write_bytes_per_s = 0;  ///< writes are slowed down to this; 0: they are not
  bool stopped = false;                         ///< writes wait for compactions
  std::uint64_t background_errors = 0;          ///< since the start
  std::uint64_t free_bytes = 0;                 ///< of the file system, for this user
  std::uint64_t capacity_bytes = 0;             ///< of the file system; 0: it does not say
};

/// Estimates and a look into the folder; a millisecond or two.
store_state state_of(database& db);

}  // namespace greenroom::store

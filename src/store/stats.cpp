// SPDX-License-Identifier: MIT
#include "store/stats.hpp"

#include <rocksdb/db.h>

#include <filesystem>
#include <system_error>

namespace greenroom::store {

namespace {

std::uint64_t property(database& db, family f, const std::string& name) {
  std::uint64_t value = 0;
  return db.rocks().GetIntProperty(db.handle(f), name, &value) ? value : 0;
}

std::uint64_t total(database& db, const std::string& name) {
  std::uint64_t value = 0;
  return db.rocks().GetAggregatedIntProperty(name, &value) ? value : 0;
}

std::uint64_t journal_bytes(const std::filesystem::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code failed;
  for (std::filesystem::directory_iterator it(folder, failed), end; !failed && it != end;
       it.increment(failed)) {
    std::error_code gone;  // RocksDB deletes what it needs no more at any time
    if (const auto size = it->path().extension() == ".log" ? it->file_size(gone) : 0; !gone) {
      bytes += size;
    }
  }
  return bytes;
}

}  // namespace

store_state state_of(database& db) {
  using names = rocksdb::DB::Properties;
  store_state s;
  s.data_bytes = total(db, names::kTotalSstFilesSize);
  s.log_bytes = property(db, family::raft_log, names::kTotalSstFilesSize) +
                property(db, family::raft_log, names::kCurSizeAllMemTables);
  s.memtable_bytes = total(db, names::kCurSizeAllMemTables);
  // One cache for all families, so that of any of them is that of all.
  s.cache_bytes = property(db, family::meta, names::kBlockCacheUsage);
  s.journal_bytes = journal_bytes(db.folder());
  s.pending_compaction_bytes = total(db, names::kEstimatePendingCompactionBytes);
  s.compactions = property(db, family::meta, names::kNumRunningCompactions);
  s.flushes = property(db, family::meta, names::kNumRunningFlushes);
  s.delayed_write_bytes_per_s = property(db, family::meta, names::kActualDelayedWriteRate);
  s.stopped = property(db, family::meta, names::kIsWriteStopped) != 0;
  s.background_errors = property(db, family::meta, names::kBackgroundErrors);
  std::error_code failed;
  const auto space = std::filesystem::space(db.folder(), failed);
  if (!failed) {
    s.free_bytes = space.available;
    s.capacity_bytes = space.capacity;
  }
  return s;
}

std::vector<family_size> sizes(database& db) {
  using names = rocksdb::DB::Properties;
  std::vector<family_size> all;
  for (std::size_t i = 0; i < family_count; ++i) {
    const auto f = static_cast<family>(i);
    all.push_back({f, property(db, f, names::kEstimateNumKeys),
                   property(db, f, names::kTotalSstFilesSize),
                   property(db, f, names::kCurSizeAllMemTables)});
  }
  return all;
}

}  // namespace greenroom::store

// SPDX-License-Identifier: MIT
#include "store/compaction.hpp"

#include <rocksdb/db.h>
#include <rocksdb/options.h>

#include "store/stats.hpp"

namespace greenroom::store {

expected<compacted> compact(database& db, std::atomic<bool>& cancel) {
  compacted result;
  result.bytes_before = state_of(db).data_bytes;
  rocksdb::CompactRangeOptions how;
  how.exclusive_manual_compaction = false;  // its own go on meanwhile
  how.allow_write_stall = false;            // and nobody waits for this one
  how.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  how.canceled = &cancel;
  for (std::size_t f = 0; f < family_count && !cancel; ++f) {
    auto* handle = db.handle(static_cast<family>(f));
    const auto status = db.rocks().CompactRange(how, handle, nullptr, nullptr);
    if (!status.ok() && !(status.IsIncomplete() && cancel)) {
      return fail(ec::internal, "compacting " + std::string(to_string(static_cast<family>(f))) +
                                    ": " + status.ToString());
    }
  }
  result.was_cancelled = cancel;
  result.bytes_after = state_of(db).data_bytes;
  return result;
}

}  // namespace greenroom::store

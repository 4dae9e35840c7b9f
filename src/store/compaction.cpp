// SPDX-License-Identifier: MIT
#include "store/compaction.hpp"

#include <rocksdb/db.h>
#include <rocksdb/options.h>

#include <array>
#include <string>
#include <vector>

#include "store/keys.hpp"
#include "store/log.hpp"
#include "store/scan.hpp"
#include "store/shard_state_impl.hpp"
#include "store/stats.hpp"

namespace greenroom::store {

namespace {

/// Nobody waits for a compaction, and none keeps RocksDB from its own.
rocksdb::CompactRangeOptions quietly(std::atomic<bool>& cancel) {
  rocksdb::CompactRangeOptions how;
  how.exclusive_manual_compaction = false;
  how.allow_write_stall = false;
  how.canceled = &cancel;
  return how;
}

/// The lowest tables are written anew only where something is above them: whatever says that a key
/// is deleted is there.
expected<void> compact_range(database& db, family f, const key& from, const key& to,
                             std::atomic<bool>& cancel) {
  if (cancel) return {};
  const rocksdb::Slice begin(from.view());
  const rocksdb::Slice end(to.view());
  const auto s = db.rocks().CompactRange(quietly(cancel), db.handle(f), &begin, &end);
  if (s.ok() || (s.IsIncomplete() && cancel)) return {};
  return fail(ec::internal, "compacting " + std::string(to_string(f)) + ": " + s.ToString());
}

/// Beyond this many rooms their ranges are nearly all there is.
constexpr std::size_t rooms_one_by_one = 64;
/// The families that have what people have written.
constexpr std::array with_content{family::message, family::room_log};

expected<void> give_back(database& db, const freed& what, std::atomic<bool>& cancel) {
  const auto mark = log_reader(db, what.shard).mark();
  if (auto done = compact_range(db, family::raft_log, log_key(what.shard, 0),
                                log_key(what.shard, mark ? mark->first : 0), cancel);
      !done)
    return done;
  const auto at = scope_of(db, what.shard);
  const bool one_by_one = !what.any_rooms && what.rooms.size() <= rooms_one_by_one;
  for (const auto f : with_content) {
    if (!one_by_one) {
      const auto prefix = shard_prefix(what.shard);
      if (auto done = compact_range(db, f, prefix, prefix.end(), cancel); !done) return done;
      continue;
    }
    for (const auto& [room, seq] : what.rooms)
      if (auto done = compact_range(db, f, seq_key(at, room, 0), seq_key(at, room, seq), cancel);
          !done)
        return done;
  }
  return {};
}

}  // namespace

expected<compacted> compact(database& db, std::atomic<bool>& cancel) {
  compacted result;
  result.bytes_before = state_of(db).data_bytes;
  auto how = quietly(cancel);
  how.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
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

bool is_swept(database& db, std::uint16_t shard) {
  const auto mark = log_reader(db, shard).mark();
  if (!mark) return true;
  scan log(db, family::raft_log, log_prefix(shard));
  log.first();
  return !log.valid() ||
         position_or_throw(parse_log_key(log.key_bytes()), family::raft_log).index >= mark->first;
}

expected<void> give_back(database& db, const std::vector<freed>& what, std::atomic<bool>& cancel) {
  std::vector<rocksdb::ColumnFamilyHandle*> all;
  for (std::size_t f = 0; f < family_count; ++f)
    all.push_back(db.handle(static_cast<family>(f)));
  rocksdb::FlushOptions how;
  how.allow_write_stall = false;
  if (const auto s = db.rocks().Flush(how, all); !s.ok())
    return fail(ec::internal, "writing what is in memory to tables: " + s.ToString());
  for (const auto& one : what)
    if (auto done = give_back(db, one, cancel); !done) return done;
  return {};
}

}  // namespace greenroom::store

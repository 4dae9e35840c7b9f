// SPDX-License-Identifier: MIT
#include "store/families.hpp"

#include <rocksdb/compaction_filter.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/table_properties_collectors.h>

#include "store/keys.hpp"
#include "store/records.hpp"
#include "store/store_events.hpp"

namespace greenroom::store {

namespace {

constexpr std::array<std::string_view, family_count> names{
    "default",   "raft_log", "raft_meta", "room_log", "message", "message_id",  "room",
    "member",    "user",     "user_room", "session",  "dedup",   "outbox",      "email",
    "directory", "outsider", "reaction",  "device",   "webhook", "webhook_dead"};

class dedup_filter final : public rocksdb::CompactionFilter {
 public:
  explicit dedup_filter(std::shared_ptr<shard_clocks> clocks) : clocks_(std::move(clocks)) {}

  const char* Name() const override { return "greenroom.dedup"; }

  bool Filter(int, const rocksdb::Slice& k, const rocksdb::Slice& value, std::string*,
              bool*) const override {
    const auto at = parse_pair_key(k.ToStringView());
    if (!at) return false;
    const auto clock = clocks_->of[at->at.shard].load(std::memory_order_relaxed);
    if (clock == 0) return false;
    const auto record = decode_dedup(at->owner, at->id, value.ToStringView());
    // What cannot be read is not this filter's to judge; the reader will say so.
    return record && record->time < clock - dedup_kept_ms;
  }

 private:
  std::shared_ptr<shard_clocks> clocks_;
};

class dedup_filter_factory final : public rocksdb::CompactionFilterFactory {
 public:
  explicit dedup_filter_factory(std::shared_ptr<shard_clocks> clocks)
      : clocks_(std::move(clocks)) {}

  const char* Name() const override { return "greenroom.dedup"; }

  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context&) override {
    return std::make_unique<dedup_filter>(clocks_);
  }

 private:
  std::shared_ptr<shard_clocks> clocks_;
};

/// The cache is divided for its threads, by itself into up to 64 parts, each with a bound of its
/// own; so much each has to have at least: tables of before table_setup() had parts have filters of
/// a megabyte or two.
constexpr std::size_t cache_part_bytes = 4 << 20;
constexpr int cache_part_bits_max = 6;

std::shared_ptr<rocksdb::Cache> make_cache(std::size_t bytes) {
  int bits = 0;
  while (bits < cache_part_bits_max && (cache_part_bytes << (bits + 1)) <= bytes)
    ++bits;
  return rocksdb::NewLRUCache(bytes, bits);
}

rocksdb::BlockBasedTableOptions table_setup(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = 16 << 10;
  // Index and filter blocks count against the cache too, so that memory has one bound.
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  // In small parts. The whole filter of a large file is more than a part of the cache has room for:
  // it would be read and checked again for each look.
  table.partition_filters = true;
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.format_version = 5;
  return table;
}

/// What rooms do not keep is deleted key by key, oldest first, and nothing may ever be written
/// there again: a file that is mostly deletions is compacted without waiting for more.
void give_back_soon(rocksdb::ColumnFamilyOptions& o) {
  constexpr std::size_t keys_looked_at = 4096;
  constexpr std::size_t deletions_among_them = 2048;
  o.table_properties_collector_factories.push_back(
      rocksdb::NewCompactOnDeletionCollectorFactory(keys_looked_at, deletions_among_them));
}

/// Of what a memtable may take: 1.3 of 64 MiB.
constexpr double dedup_filter_ratio = 0.02;

}  // namespace

std::string_view to_string(family f) noexcept {
  return names[static_cast<std::size_t>(f)];
}

rocksdb::DBOptions database_setup(const database_options& options) {
  rocksdb::DBOptions o;
  o.create_if_missing = true;
  o.create_missing_column_families = true;
  // The default would open with what precedes a damaged record, and forget the rest.
  o.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  // A file of the log that was synced and is no more, or is shorter than it was, is damage; without
  // this its successors would be replayed as if nothing was missing (gapless_replay.hpp).
  o.track_and_verify_wals_in_manifest = true;
  o.paranoid_checks = true;
  o.max_background_jobs = 2;
  // Sockets need the descriptors.
  o.max_open_files = options.open_files_max;
  o.db_write_buffer_size = 4 * options.write_buffer_bytes;
  // Quiet families would keep old logs alive; this bounds what is replayed at start.
  o.max_total_wal_size = 8 * options.write_buffer_bytes;
  // Background writes reach the disk evenly instead of delaying a sync of the log.
  o.bytes_per_sync = 1 << 20;
  // What the states write stays in memory until the log's next write takes it along: it is repeated
  // from the log if the process ends before. Whoever wants to be sure says FlushWAL, and nobody
  // writes with `sync`, which has not always kept out of its way (facebook/rocksdb#8723).
  o.manual_wal_flush = true;
  o.wal_bytes_per_sync = 1 << 20;
  o.max_bgerror_resume_count = 0;  // see store_events.cpp
  // Batches are small and few threads write: who is first does it for those who wait, instead of
  // waking them for their part.
  o.allow_concurrent_memtable_write = false;
  o.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  o.max_log_file_size = 1 << 20;
  o.keep_log_file_num = 3;
  o.stats_dump_period_sec = 0;
  o.stats_persist_period_sec = 0;
  o.listeners.push_back(make_store_listener());
  return o;
}

std::vector<rocksdb::ColumnFamilyDescriptor> family_setup(const database_options& options,
                                                          std::shared_ptr<shard_clocks> clocks) {
  const auto cache = make_cache(options.cache_bytes);
  rocksdb::ColumnFamilyOptions base;
  base.write_buffer_size = options.write_buffer_bytes;
  base.level_compaction_dynamic_level_bytes = true;
  base.compression = rocksdb::kLZ4Compression;
  base.bottommost_compression = rocksdb::kZSTD;
  base.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table_setup(cache)));

  std::vector<rocksdb::ColumnFamilyDescriptor> all;
  for (std::size_t i = 0; i < family_count; ++i) {
    auto o = base;
    switch (static_cast<family>(i)) {
      case family::raft_log:
        // Written once, read once, dropped soon: the time for ZSTD would be wasted.
        o.bottommost_compression = rocksdb::kLZ4Compression;
        break;
      case family::message:
      case family::room_log:
        // Pages of one room skip the files that do not have it.
        o.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(owner_prefix_bytes));
        give_back_soon(o);
        break;
      case family::message_id:
      case family::reaction:
        give_back_soon(o);
        break;
      case family::dedup:
        o.compaction_filter_factory = std::make_shared<dedup_filter_factory>(clocks);
        // A file that nothing else touches is compacted once a day, so that the filter sees it.
        o.periodic_compaction_seconds = 24 * 60 * 60;
        // Nearly every look is for one that is not there.
        o.memtable_whole_key_filtering = true;
        o.memtable_prefix_bloom_size_ratio = dedup_filter_ratio;
        break;
      default:
        break;
    }
    all.emplace_back(std::string(names[i]), o);
  }
  return all;
}

}  // namespace greenroom::store

// SPDX-License-Identifier: MIT
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "runtime/thread_name.hpp"
#include "runtime/wakes.hpp"
#include "store/database.hpp"
#include "store/fatal.hpp"
#include "store/keys.hpp"
#include "store/log.hpp"
#include "store/records.hpp"
#include "store/scan.hpp"
#include "store/sync_pace.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace greenroom::store {

namespace {

/// What is kept of a batch's memory between batches.
constexpr std::size_t kept_batch_bytes = 1 << 20;

/// What is deleted of a log's old beginning with one append of its shard.
constexpr std::size_t swept_at_once = 1024;

/// And in one step while there is nothing else to do: an append may have to wait for such a step.
constexpr std::size_t swept_when_idle = 256;

/// A shard's log as it will be after what was handed over.
struct extent {
  std::uint64_t first = 0;  ///< 0: empty
  std::uint64_t last = 0;
  std::uint64_t begin = 0;       ///< what is before this is to go
  std::uint64_t swept_from = 0;  ///< from here on
  bool to_sweep = false;
  std::uint64_t cut_in = 0;  ///< the batch with the newest mark
};

std::uint64_t steady_second() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

}  // namespace

struct log_writer::impl {
  impl(database& to, durability how, std::function<void(const std::string&)> tell)
      : db(to), on_fatal(std::move(tell)), syncs(how == durability::fsync) {
    kept.store(db.rocks().GetLatestSequenceNumber());
    thread = std::thread([this] {
      runtime::name_thread("log-writer");
      run();
    });
  }

  ~impl() {
    {
      std::lock_guard lock(mutex);
      stopping = true;
    }
    bell->wake();
    thread.join();
  }

  void run() {
    find_unswept();
    std::vector<log_append> taken;
    while (true) {
      {
        std::unique_lock lock(mutex);
        bell->rings.wait(lock, [this] { return stopping || !pending.empty() || unswept; });
        if (pending.empty() && stopping) return;
        taken.swap(pending);
      }
      if (taken.empty()) {
        sweep_idle();
        continue;
      }
      write(taken);
      {
        // All shards hear of it before any of them goes on.
        const runtime::gathering_wakes others;
        for (auto& a : taken)
          if (a.synced) a.synced();
      }
      taken.clear();
    }
  }

  void clear_batch() {
    ++batch_number;
    if (batch.GetDataSize() > kept_batch_bytes) batch = rocksdb::WriteBatch();
    batch.Clear();
  }

  void write(const std::vector<log_append>& taken) {
    clear_batch();
    std::uint64_t entries = 0;
    for (const auto& a : taken) {
      add(a);
      entries += a.entries.size();
    }
    if (batch.Count() == 0) return;

    const auto started = std::chrono::steady_clock::now();
    // What others write meanwhile without a sync may come before or after; this much is certain.
    const auto certain = db.rocks().GetLatestSequenceNumber() + batch.Count();
    // Written and then synced, not both in one: RocksDB would let nobody write until the disk is
    // done, and the shards are to apply what was synced before while it works. Nobody counts on an
    // entry before its `synced`, although it can be read already.
    auto s = db.rocks().Write(write_options, &batch);
    if (s.ok()) s = db.rocks().FlushWAL(syncs);
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - started);
    if (!s.ok()) fatal("writing the log: " + s.ToString());
    kept.store(certain, std::memory_order_relaxed);
    sync_time.observe(took);

    std::lock_guard lock(mutex);
    const auto micros = static_cast<std::uint64_t>(took.count());
    ++stats.batches;
    stats.entries += entries;
    stats.bytes += batch.GetDataSize();
    stats.sync_micros_total += micros;
    stats.sync_micros_max = std::max(stats.sync_micros_max, micros);
    pace.add(micros, steady_second());
  }

  /// Range tombstones are right here: nothing reads this range until the shard comes back.
  void retire(std::uint16_t shard) {
    for (std::size_t i = 0; i < family_count; ++i) {
      const auto where = static_cast<family>(i);
      if (where == family::meta || where == family::raft_meta) continue;
      const auto prefix = where == family::raft_log ? log_prefix(shard) : shard_prefix(shard);
      check(batch.DeleteRange(db.handle(where), prefix.view(), prefix.end().view()));
    }
    const auto facts = db.handle(family::raft_meta);
    const auto progress = progress_prefix(shard);
    check(batch.DeleteRange(facts, progress.view(), progress.end().view()));
    for (const auto& fact : {generation_key(shard), log_mark_key(shard), map_key(shard)})
      check(batch.Delete(facts, fact.view()));
    check(batch.Put(facts, retired_key(shard).view(), encode_generation(1)));
    extents.insert_or_assign(shard, extent{});
  }

  void add(const log_append& a) {
    if (a.retire) retire(a.shard);
    if (a.hard) {
      check(
          batch.Put(db.handle(family::raft_meta), hard_state_key(a.shard).view(), encode(*a.hard)));
    }
    for (const auto& r : a.records)
      check(batch.Put(db.handle(r.where), r.key, r.value));
    if (a.truncate_from == 0 && a.entries.empty() && !a.mark) return;
    auto& log = extent_of(a.shard);
    if (a.truncate_from != 0) truncate(a.shard, log, a.truncate_from);
    if (a.mark) cut(a.shard, log, *a.mark);
    if (log.to_sweep) sweep(a.shard, log, swept_at_once);
    for (const auto& e : a.entries) {
      if (e.index == 0 || (log.last != 0 && e.index != log.last + 1)) {
        fatal("shard " + std::to_string(a.shard) + ": log entry " + std::to_string(e.index) +
              " does not follow entry " + std::to_string(log.last));
      }
      put(a.shard, e);
      if (log.first == 0) log.first = e.index;
      log.last = e.index;
    }
  }

  /// One by one: what is cut off was not agreed on and is short, and range tombstones would slow
  /// down every later read of the family.
  void truncate(std::uint16_t shard, extent& log, std::uint64_t from) {
    if (log.last == 0 || from > log.last) return;
    const auto first = std::max(from, log.first);
    for (auto index = first; index <= log.last; ++index)
      check(batch.Delete(db.handle(family::raft_log), log_key(shard, index).view()));
    log.last = first - 1;
    if (first == log.first) log.first = log.last = 0;
  }

  void cut(std::uint16_t shard, extent& log, const log_mark& mark) {
    check(batch.Put(db.handle(family::raft_meta), log_mark_key(shard).view(), encode(mark)));
    if (mark.first <= log.begin) return;
    log.begin = mark.first;
    log.to_sweep = unswept = true;
    log.cut_in = batch_number;
    log.first = log.last < mark.first ? 0 : std::max(log.first, mark.first);
    if (log.first == 0) log.last = 0;
  }

  /// Key by key for the same reason, and not all at once. What came in one batch with the mark
  /// cannot be seen yet, so that the end of what can be is not the end before the next batch.
  void sweep(std::uint16_t shard, extent& log, std::size_t at_once) {
    try {
      scan old(db, family::raft_log, log_prefix(shard));
      old.from(log_key(shard, log.swept_from));
      for (std::size_t n = 0; n < at_once; ++n, old.next()) {
        const auto at = old.valid()
                            ? position_or_throw(parse_log_key(old.key_bytes()), family::raft_log)
                            : log_position{shard, log.begin};
        if (at.index >= log.begin) {
          if (log.cut_in == batch_number) return;
          log.swept_from = at.index;
          log.to_sweep = false;
          return;
        }
        log.swept_from = at.index;
        check(batch.Delete(db.handle(family::raft_log), log_key(shard, at.index).view()));
      }
    } catch (const damaged& e) {
      fatal(e.what());
    }
  }

  /// A shard that nobody writes to gets rid of what it has cut off, too. Without a sync: what a
  /// crash brings back is found by the next start.
  void sweep_idle() {
    const auto at = std::find_if(extents.begin(), extents.end(),
                                 [](const auto& e) { return e.second.to_sweep; });
    unswept = at != extents.end();
    if (!unswept) return;
    clear_batch();
    sweep(at->first, at->second, swept_when_idle);
    if (batch.Count() == 0) return;
    auto s = db.rocks().Write(write_options, &batch);
    if (s.ok()) s = db.rocks().FlushWAL(false);
    if (!s.ok()) fatal("sweeping the log: " + s.ToString());
  }

  /// What the process before this one has left.
  void find_unswept() {
    try {
      scan facts(db, family::raft_meta, key{});
      for (facts.first(); facts.valid(); facts.next()) {
        const auto at = parse_raft_meta_key(facts.key_bytes());
        if (!at || at->fact != raft_fact::log_mark) continue;
        extents.try_emplace(at->shard, read_extent(at->shard));
      }
    } catch (const damaged& e) {
      // The replica that it belongs to finds it too, and knows what to do about it.
      telemetry::log("store").warn("old beginnings of logs are not looked for: {}", e.what());
    }
  }

  void put(std::uint16_t shard, const log_entry& e) {
    const auto place = log_key(shard, e.index);
    const auto head = encode_log_head(e);
    const rocksdb::Slice key_parts[] = {place.view()};
    const rocksdb::Slice value_parts[] = {{head.data(), head.size()},
                                          e.data ? rocksdb::Slice(*e.data) : rocksdb::Slice()};
    check(batch.Put(db.handle(family::raft_log), rocksdb::SliceParts(key_parts, 1),
                    rocksdb::SliceParts(value_parts, 2)));
  }

  extent read_extent(std::uint16_t shard) {
    const log_reader log(db, shard);
    const auto mark = log.mark();
    unswept = unswept || mark.has_value();
    return {.first = log.first_index(),
            .last = log.last_index(),
            .begin = mark ? mark->first : 0,
            .swept_from = 0,
            .to_sweep = mark.has_value(),
            .cut_in = 0};
  }

  extent& extent_of(std::uint16_t shard) {
    const auto at = extents.find(shard);
    if (at != extents.end()) return at->second;
    try {
      return extents.emplace(shard, read_extent(shard)).first->second;
    } catch (const damaged& e) {
      fatal(e.what());
    }
  }

  void check(const rocksdb::Status& s) {
    if (!s.ok()) fatal("gathering the log: " + s.ToString());
  }

  [[noreturn]] void fatal(const std::string& why) {
    if (on_fatal) on_fatal(why);
    stop(why);
  }

  database& db;
  const std::function<void(const std::string&)> on_fatal;
  const bool syncs;
  const rocksdb::WriteOptions write_options;

  telemetry::histogram& sync_time =
      telemetry::latency("greenroom_log_sync_seconds", "Time of a write of the log with its sync");

  // the thread's own
  rocksdb::WriteBatch batch;
  std::unordered_map<std::uint16_t, extent> extents;
  std::uint64_t batch_number = 0;
  bool unswept = false;  ///< some log may have an old beginning on the disk

  std::atomic<std::uint64_t> kept{0};

  struct ringing final : runtime::sleeper {
    void wake() noexcept override { rings.notify_one(); }
    std::condition_variable rings;
  };
  /// Shared, because a thread that gathers wakes may ring it late.
  const std::shared_ptr<ringing> bell = std::make_shared<ringing>();

  std::mutex mutex;  // guards what follows
  std::vector<log_append> pending;
  std::chrono::steady_clock::time_point pending_since{};
  bool stopping = false;
  log_writer_stats stats;
  sync_pace pace;

  std::thread thread;
};

log_writer::log_writer(database& db, durability how,
                       std::function<void(const std::string&)> on_fatal)
    : impl_(std::make_unique<impl>(db, how, std::move(on_fatal))) {}

log_writer::~log_writer() = default;

void log_writer::append(log_append what) {
  bool tell = false;
  {
    std::lock_guard lock(impl_->mutex);
    // When something was pending already, the thread has been told, or who was to do so is late.
    tell = impl_->pending.empty() || runtime::is_overdue(impl_->pending_since);
    impl_->pending.push_back(std::move(what));
    if (tell) impl_->pending_since = std::chrono::steady_clock::now();
  }
  if (tell) runtime::wake(impl_->bell);
}

std::uint64_t log_writer::kept() const noexcept {
  return impl_->kept.load(std::memory_order_relaxed);
}

std::uint64_t log_writer::sync_median_us() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->pace.median(steady_second());
}

log_writer_stats log_writer::stats() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->stats;
}

}  // namespace greenroom::store

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The log of all shards of a node: written by one thread, read by the replicas.
///
/// Group commit: while one batch is being synced the next gathers, without a timer and without
/// waiting when idle. One WriteBatch, one sync, many callbacks. Any error ends the process: after a
/// failed fsync nobody knows what is on the disk.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/database.hpp"

namespace greenroom::store {

/// One entry of a shard's Raft log.
struct log_entry {
  std::uint64_t index = 0;
  std::uint64_t term = 0;
  std::uint8_t type = 0;  ///< the consensus library's own kinds; opaque here
  std::shared_ptr<const std::string> data;
};

/// Raft's hard state of a shard.
struct hard_state {
  std::uint64_t term = 0;
  std::uint64_t voted_for = 0;  ///< 0: nobody
  bool operator==(const hard_state&) const = default;
};

/// Where a log begins, and what the state that took the place of its beginning consisted of.
struct log_mark {
  std::uint64_t first = 1;  ///< first index that is kept; at most index + 1
  std::uint64_t index = 0;  ///< the state covers at least this much
  std::uint64_t term = 0;   ///< of that entry
  std::uint64_t configuration_index = 0;
  std::string configuration;  ///< the consensus layer's; opaque here
  bool operator==(const log_mark&) const = default;
};

/// A record that goes into the batch as it is.
struct raw_record {
  family where = family::raft_meta;
  std::string key;
  std::string value;
};

/// What one shard wants on disk, in this order: hard state, truncation, mark, records, entries.
struct log_append {
  std::uint16_t shard = 0;
  std::optional<hard_state> hard;
  std::uint64_t truncate_from = 0;  ///< first index to drop, 0: none
  std::vector<log_entry> entries;
  /// Called on the writer's thread once all of it is as durable as the setting promises. Must not
  /// block or throw.
  std::function<void()> synced;
  /// The log begins at mark->first from now on. What is before it goes a little at a time, with
  /// later appends and while the writer is idle; readers do not see it.
  std::optional<log_mark> mark{};
  std::vector<raw_record> records{};
  /// First of all: everything of the shard goes, its log and its state; term and vote stay, so that
  /// nobody votes twice. Never again will this node begin the shard with an empty log by itself
  /// (is_retired). Nobody must read the shard any more.
  bool retire = false;
};

enum class durability : std::uint8_t {
  fsync,  ///< on the disk
  os,     ///< in the operating system: survives a crash of the process, not of the machine
};

struct log_writer_stats {
  std::uint64_t batches = 0;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  std::uint64_t sync_micros_total = 0;
  std::uint64_t sync_micros_max = 0;
};

class log_writer {
 public:
  /// `on_fatal` is told why before the process is ended (default: logs and calls std::_Exit(70)).
  log_writer(database& db, durability how, std::function<void(const std::string&)> on_fatal = {});
  ~log_writer();  ///< writes what has been given, then stops; what is unswept is for the next
  log_writer(const log_writer&) = delete;
  log_writer& operator=(const log_writer&) = delete;

  /// Thread-safe, never blocks. Appends of one shard keep their order. The queue is bounded by its
  /// callers: each has at most its proposals in flight here.
  void append(log_append what);

  [[nodiscard]] log_writer_stats stats() const;

  /// Median time of a write with its sync over the last ten seconds, in microseconds; 0: too few
  /// to tell. Thread-safe.
  [[nodiscard]] std::uint64_t sync_median_us() const;

  /// How much the disk has: a number that rises with every write and, with durability::fsync, is
  /// never smaller after a restart. One that is has lost data.
  [[nodiscard]] std::uint64_t kept() const noexcept;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// Whether this node has kept the shard, and let go of it.
bool is_retired(database& db, std::uint16_t shard);

/// Reads a shard's log and hard state; used by its replica, on the replica's thread.
class log_reader {
 public:
  log_reader(database& db, std::uint16_t shard);

  [[nodiscard]] std::optional<hard_state> hard() const;
  /// Absent while the log begins at 1.
  [[nodiscard]] std::optional<log_mark> mark() const;
  /// All entries from `from` (inclusive) on, at most `max_entries` and `max_bytes` (at least one).
  /// Not from before first_index(): what is there is about to go.
  [[nodiscard]] std::vector<log_entry> read(std::uint64_t from, std::size_t max_entries,
                                            std::size_t max_bytes) const;
  /// 0 when the log is empty.
  [[nodiscard]] std::uint64_t first_index() const;
  [[nodiscard]] std::uint64_t last_index() const;

 private:
  [[nodiscard]] std::uint64_t begin() const;

  database& db_;
  std::uint16_t shard_;
};

}  // namespace greenroom::store

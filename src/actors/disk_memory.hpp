// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// How far the disks of other nodes were, as they have said themselves. A node that comes back with
/// less (an old copy of its data directory, a disk that lied about syncing) may have forgotten
/// votes and entries that it has acknowledged. It must not take part: with its vote a leader could
/// be elected that lacks what a majority had.
///
/// Nodes tell how far they are when a link comes up and four times a second while they write, so
/// what was lost within the last moments may go unnoticed. Thread-safe.

#include <chrono>
#include <mutex>
#include <string>
#include <unordered_map>

#include "actors/calls.hpp"
#include "store/database.hpp"

namespace greenroom::actors {

class disk_memory {
 public:
  explicit disk_memory(store::database& db) : db_(db) {}

  /// It has said that it keeps this much (store::log_writer::kept). May write to the disk.
  void note(const node_id& node, std::uint64_t kept);
  /// 0: it has never said anything.
  [[nodiscard]] std::uint64_t known(const node_id& node);
  /// Empty: the node may have said so. Else why it is refused.
  [[nodiscard]] std::string objection(const node_id& node, std::uint64_t kept);

 private:
  struct entry {
    std::uint64_t kept = 0;
    std::uint64_t stored = 0;
    std::chrono::steady_clock::time_point stored_at{};
  };
  entry& entry_of(const node_id& node);

  store::database& db_;
  std::mutex mutex_;
  std::unordered_map<node_id, entry, uuid_hash> known_;
};

}  // namespace greenroom::actors

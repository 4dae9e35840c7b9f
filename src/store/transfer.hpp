// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// A shard's state on its way to another node: read in pieces as of one moment, written beside the
/// old state as a new generation, and the clean-up of generations that nothing points to.
///
/// None of these is thread-safe; the shard's replica owns them. A piece is records one after the
/// other: family (1 byte), length of the key's end (1), length of the value (4, big-endian), the
/// key without its scope, the value. The last record is the progress, with an empty key.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"
#include "store/database.hpp"
#include "store/log.hpp"

namespace greenroom::store {

/// A value larger than this is not one of ours.
inline constexpr std::size_t record_bytes_max = 8 << 20;

struct state_piece {
  std::string data;
  std::string next;   ///< where the next piece begins
  bool last = false;  ///< there is none
};

/// Sees what was committed at the moment of its making. Keeps that moment's data on the disk, so it
/// must not live long.
class state_source {
 public:
  /// Throws damaged, like read().
  state_source(database& db, std::uint16_t shard);
  ~state_source();
  state_source(const state_source&) = delete;
  state_source& operator=(const state_source&) = delete;

  [[nodiscard]] std::uint64_t applied_index() const noexcept;
  /// What comes after `position` (empty: the beginning; otherwise the `next` of a piece), up to
  /// about `bytes`, at least one record. Any position may be asked again. An error: it is none.
  expected<state_piece> read(std::string_view position, std::size_t bytes);

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// Writes what a source read into a generation of its own, without a sync: the batch that makes the
/// generation the valid one is synced, and all before it with it. Failed writes end the process.
class state_installer {
 public:
  state_installer(database& db, std::uint16_t shard);
  ~state_installer();
  state_installer(const state_installer&) = delete;
  state_installer& operator=(const state_installer&) = delete;

  [[nodiscard]] std::uint32_t generation() const noexcept;
  /// Pieces may come twice. An error: the piece is damaged, and nothing of it was written.
  expected<void> add(std::string_view piece);
  /// What makes the generation the valid one when it is written. Refused without the last piece,
  /// and when the state is not as of `applied_index`.
  [[nodiscard]] expected<std::vector<raw_record>> finish(std::uint64_t applied_index) const;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// Deletes what no longer or never became valid, a few keys at a time and one by one: range
/// tombstones would slow down reading. For one pass; make another after the generation changed.
class generation_sweeper {
 public:
  generation_sweeper(database& db, std::uint16_t shard);

  /// Deletes up to `keys`, but nothing of the valid generation and of `spared` (one that is being
  /// installed; 0: none). False when the pass is over.
  bool step(std::size_t keys, std::uint32_t spared);

 private:
  [[nodiscard]] bool in_family(std::size_t& keys, std::uint32_t spared);
  void old_progress(std::uint32_t spared) const;

  database& db_;
  std::uint16_t shard_;
  std::uint32_t valid_;
  std::size_t family_ = 0;
  std::string next_;  ///< the first key of the family that has not been looked at
};

}  // namespace greenroom::store

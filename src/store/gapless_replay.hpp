// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Sees to it that what RocksDB replays of its write-ahead log at opening has no gap.
///
/// A torn end is tolerated in every file of the log, not only in the newest: a power cut may leave
/// an older file short whose successor has reached the disk already, and RocksDB would go on with
/// the successor as if nothing was missing. Every write has the sequence numbers that follow those
/// of the one before, in whatever file it is, so a gap shows. The replay ends before it: what was
/// open is then a beginning of what was written, and what comes after the gap was never
/// acknowledged, unless the disk has lied about a sync.

#include <rocksdb/wal_filter.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace greenroom::store {

/// For one opening of one database; must live as long as that. Called on the opening thread only.
class gapless_replay final : public rocksdb::WalFilter {
 public:
  struct gap {
    std::uint64_t after = 0;  ///< the last sequence number before it; 0: nothing precedes it
    std::uint64_t next = 0;   ///< the first one after it
    std::string file;         ///< of the record that was not replayed, without its folder
    /// Some family has moved to files what comes after the gap, and no beginning can be made of
    /// that: the opening was made to fail.
    bool is_passed = false;
  };

  /// `folder`: where the files of the log are.
  explicit gapless_replay(std::filesystem::path folder) : folder_(std::move(folder)) {}

  const char* Name() const override { return "greenroom.gapless_replay"; }
  void ColumnFamilyLogNumberMap(const std::map<std::uint32_t, std::uint64_t>& log_of_family,
                                const std::map<std::string, std::uint32_t>& names) override;
  WalProcessingOption LogRecordFound(unsigned long long log, const std::string& file,
                                     const rocksdb::WriteBatch& batch, rocksdb::WriteBatch* changed,
                                     bool* is_changed) override;

  [[nodiscard]] const std::optional<gap>& found() const noexcept { return found_; }

 private:
  void look_for_empty_predecessor(std::uint64_t log);

  const std::filesystem::path folder_;
  std::uint64_t oldest_ = 0;  ///< some family needs this file and what follows
  std::uint64_t newest_ = 0;  ///< some family needs nothing before this file
  /// Where the last record was, and the sequence number that must follow; 0: there was none.
  std::uint64_t last_log_ = 0;
  std::uint64_t expected_ = 0;
  bool began_ = false;
  bool lost_beginning_ = false;
  std::optional<gap> found_;
};

/// The number in the name of a file of the log, "000123.log"; 0: it is some other file.
std::uint64_t log_number_of(const std::filesystem::path& file);

/// "" for none, else what has happened in words, for the log or for an error.
std::string describe(const std::optional<gapless_replay::gap>& gap);

}  // namespace greenroom::store

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Whether a store at rest is whole: every file, every record, each shard's log and state, each
/// room's order, its chain and what its messages say. Nothing is changed.

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "protocol/error.hpp"
#include "store/database.hpp"

namespace greenroom::archive {

/// Something that is wrong. All are counted; of the words so many are kept.
struct finding {
  std::string where;  ///< the file, the record, the room, the shard's log …
  std::string what;
};
inline constexpr std::size_t findings_kept = 1000;

struct verify_report {
  std::vector<finding> findings;
  std::uint64_t finding_count = 0;
  std::array<std::uint64_t, store::family_count> records{};
  std::uint64_t files = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t shards = 0;
  std::uint64_t log_entries = 0;
  std::uint64_t rooms = 0;
  std::uint64_t room_entries = 0;
  std::uint64_t chained_entries = 0;  ///< those among them that a digest proves
  std::uint64_t messages = 0;
  /// Of generations that nothing points to: what an interrupted transfer left; a node deletes it.
  std::uint64_t left_over = 0;

  [[nodiscard]] bool sound() const noexcept { return finding_count == 0; }
  void add(std::string where, std::string what);
};

/// `folder`: a data folder, a backup, or a store. An error where nothing can be looked at: it is
/// not there, or a node runs on it. What cannot be opened because it is damaged is a finding.
expected<verify_report> verify(const std::filesystem::path& folder);

}  // namespace greenroom::archive

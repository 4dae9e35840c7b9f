// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Backups of a node that runs: made when they are asked for and by the clock, and the old ones of
/// the clock deleted. On a thread of its own, because digests of all tables take their time; nobody
/// waits for it but who asks.
///
/// Each is a folder below `backups` in the data folder, made beside its place and renamed when it
/// is whole. Tables are hard links: a new backup takes no space until the store has replaced them.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "archive/manifest.hpp"
#include "store/database.hpp"

namespace greenroom::archive {

/// 1 to 64 letters, digits, '-', '_' or '.', of which the first is no '.'.
bool is_backup_name(std::string_view name) noexcept;
/// What a backup is called that nobody has named: `20261124T070348123Z`. By such names the clock
/// knows its own.
std::string backup_name_of(unix_ms time);
/// The set of what the clocks of all nodes make in the same stretch of `every_s` seconds.
std::string clock_set_of(unix_ms time, std::uint32_t every_s);
bool is_by_the_clock(std::string_view name) noexcept;

struct keeper_options {
  std::filesystem::path folder;  ///< of the backups; made when the first is
  std::uint32_t every_s = 0;     ///< 0: none by the clock
  std::uint32_t keep = 7;        ///< of those that nobody has named
  std::string made_by;
  nlohmann::json settings;  ///< for the manifests; without secrets
};

class backup_keeper {
 public:
  using ticket = std::uint64_t;
  struct outcome {
    std::filesystem::path folder;
    expected<manifest> made;
  };
  struct view {
    unix_ms newest = 0;  ///< when the newest whole one was made; 0: there is none
    std::uint32_t every_s = 0;
    bool is_busy = false;
    std::string last_failure;  ///< of the last attempt; empty: it succeeded, or there was none
  };

  /// Looks at what is there. `db` has to outlive it.
  backup_keeper(store::database& db, keeper_options options);
  ~backup_keeper();
  backup_keeper(const backup_keeper&) = delete;
  backup_keeper& operator=(const backup_keeper&) = delete;

  /// One at a time: CONFLICT while another is being made, and for a name that is taken;
  /// INVALID_MESSAGE for one that is none; UNAVAILABLE once it was stopped. `set`: which parts of
  /// other nodes it belongs with (manifest.hpp). Thread-safe.
  expected<ticket> ask(const std::string& name, const std::string& set);
  /// What ask would say now, and nothing else. Thread-safe.
  [[nodiscard]] expected<void> may_ask(const std::string& name) const;
  /// Once, when it is done. What nobody takes is forgotten after 16 others. Thread-safe.
  std::optional<outcome> take(ticket number);
  [[nodiscard]] view look() const;
  /// From now on; as keeper_options has them. Thread-safe.
  void set_schedule(std::uint32_t every_s, std::uint32_t keep);

  /// What is being made is given up between two files. Thread-safe.
  void stop();

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace greenroom::archive

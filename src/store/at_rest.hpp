// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// A store that no node runs on, to be looked at: nothing in it is changed, and what is not yet in
/// its tables is read from its journal into memory. For tools; a node uses store/database.hpp.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/database.hpp"
#include "store/log.hpp"

namespace greenroom::store {

class resting_store {
 public:
  /// Holds the folder's lock as long as it lives, so that no node starts meanwhile. Errors:
  /// FILE_NOT_FOUND where no store is, CONFLICT while a process has it open, UNSUPPORTED for one of
  /// a newer program, INTERNAL for damage that keeps it from being opened; each names the place.
  static expected<std::unique_ptr<resting_store>> open(const std::filesystem::path& folder);
  ~resting_store();
  resting_store(const resting_store&) = delete;
  resting_store& operator=(const resting_store&) = delete;

  /// False: go on no further.
  using visitor = std::function<bool(std::string_view key, std::string_view value)>;
  /// Everything of a family whose key begins so, in the order of the keys. An error where the files
  /// cannot be read: what comes behind in this walk was not seen.
  expected<void> walk(family f, std::string_view prefix, const visitor& see) const;

  /// Nothing: there is no such record.
  [[nodiscard]] expected<std::optional<std::string>> find(family f, std::string_view key) const;

  /// The last key that begins so; nothing: there is none.
  [[nodiscard]] expected<std::optional<std::string>> last_key(family f,
                                                              std::string_view prefix) const;

  struct table_file {
    std::string name;  ///< as it is called in the folder
    family of = family::meta;
    std::uint64_t bytes = 0;
  };
  [[nodiscard]] std::vector<table_file> table_files() const;
  /// Reads all of it and compares its check sums.
  [[nodiscard]] expected<void> check_file(const table_file& file) const;

  [[nodiscard]] const std::filesystem::path& folder() const noexcept;

 private:
  struct impl;
  explicit resting_store(std::unique_ptr<impl> state);
  std::unique_ptr<impl> impl_;
};

/// Writes these records as they are, all or none of them, and syncs. Of a store that nothing runs
/// on: no actor or cache knows of it.
expected<void> overwrite(database& db, const std::vector<raw_record>& records);

/// Deletes everything of a shard: its log, facts and state of all generations. As overwrite.
expected<void> forget_shard(database& db, std::uint16_t shard);

}  // namespace greenroom::store

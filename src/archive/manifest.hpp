// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What a backup says of itself (`backup.json`): whose it is, how far each shard was, and every
/// file with its digest. It is written last, so that a folder with one is a whole backup.

#include <atomic>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "protocol/chain.hpp"
#include "protocol/error.hpp"
#include "protocol/time.hpp"

namespace greenroom::archive {

inline constexpr int manifest_format = 1;

struct manifest {
  struct file {
    std::string name;  ///< relative to the backup
    std::uint64_t bytes = 0;
    protocol::digest sha256{};
  };
  struct shard {
    std::uint16_t number = 0;
    std::uint64_t applied = 0;  ///< the state is as of this entry
    std::uint64_t last = 0;     ///< of its log
    std::uint64_t term = 0;
  };

  std::string node_id;
  std::string node_name;   ///< as the cluster knew it; empty: it was in none
  std::string cluster_id;  ///< empty: it was in none
  std::uint32_t schema = 0;
  unix_ms made_at = 0;
  std::string made_by;      ///< the program's version
  bool was_online = false;  ///< the node was running
  std::size_t nodes = 0;    ///< of its cluster
  /// What all parts have that were made together, one of each node; empty: it was made alone.
  std::string set;
  std::vector<shard> shards;
  std::vector<file> files;
  /// The node's settings by name; what is secret is not among them. Null: unknown.
  nlohmann::json settings;
};

nlohmann::json to_json(const manifest& m);
/// INVALID_MESSAGE with what is wrong. Names of files stay below the backup.
expected<manifest> manifest_from(const nlohmann::json& from);

/// FILE_NOT_FOUND where there is none.
expected<manifest> read_manifest(const std::filesystem::path& backup);

/// Looks at the store in a folder that is to be a backup, and writes its manifest. `stem` has what
/// the store does not know: the time, who makes it, the settings.
/// `stopped`: looked at between two files; when it is set this ends with UNAVAILABLE.
expected<manifest> seal(const std::filesystem::path& backup, manifest stem,
                        const std::atomic<bool>* stopped = nullptr);

/// Whether every file is there and has its digest: one line for each that is not.
std::vector<std::string> compare_files(const std::filesystem::path& backup, const manifest& m);

}  // namespace greenroom::archive

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Backups of a node that does not run, and what is made of one.

#include <filesystem>
#include <string>
#include <vector>

#include "archive/manifest.hpp"

namespace greenroom::archive {

/// Copies the store of a data folder and writes the manifest; `stem` as for seal. `to` is made, or
/// is an empty folder (CONFLICT). What is half done when this fails has no manifest.
expected<manifest> back_up(const std::filesystem::path& data, const std::filesystem::path& to,
                           manifest stem);

struct restore_options {
  /// It becomes a new node and a cluster of one of its own: all shards are kept by it alone. For a
  /// cluster that is lost; other nodes join the new one with empty folders. Needs a backup of a
  /// node that kept every shard.
  bool new_identity = false;
};

struct restored {
  manifest from;
  std::string node_id;     ///< that of the folder now
  std::string cluster_id;  ///< likewise
};

/// Makes a data folder of a backup, once every digest and everything that verify looks at is right.
/// `to` is made, or is an empty folder (CONFLICT). After a failure no store is in it.
expected<restored> restore(const std::filesystem::path& backup, const std::filesystem::path& to,
                           const restore_options& options);

/// Gives the store in this folder a new identity; see restore_options.
struct identity {
  std::string node_id;
  std::string cluster_id;
};
expected<identity> take_new_identity(const std::filesystem::path& folder);

}  // namespace greenroom::archive

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
  /// cluster that is lost; other nodes join the new one with empty folders. Every shard has to be
  /// in one of the backups.
  bool new_identity = false;
};

struct restored {
  manifest from;           ///< the part that the rest was put into
  std::string node_id;     ///< that of the folder now
  std::string cluster_id;  ///< likewise
  /// With a new identity: the shards of which the backups have no majority of the replicas. What
  /// was acknowledged last in them may be in none of the backups.
  std::vector<std::uint16_t> thin = {};
};

/// Makes a data folder of a backup, once every digest and everything that verify looks at is right.
/// `to` is made, or is an empty folder (CONFLICT). After a failure no store is in it.
///
/// Of several backups (only with a new identity) each shard is taken from that whose log a group
/// would follow; see parts.hpp. They have to be of different nodes, one cluster and one set
/// (CONFLICT).
expected<restored> restore(const std::vector<std::filesystem::path>& backups,
                           const std::filesystem::path& to, const restore_options& options);
inline expected<restored> restore(const std::filesystem::path& backup,
                                  const std::filesystem::path& to, const restore_options& options) {
  return restore(std::vector{backup}, to, options);
}

/// Gives the store in this folder a new identity; see restore_options.
struct identity {
  std::string node_id;
  std::string cluster_id;
};
expected<identity> take_new_identity(const std::filesystem::path& folder);

}  // namespace greenroom::archive

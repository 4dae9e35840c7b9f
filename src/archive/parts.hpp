// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The parts of a set of backups, one of each node of a cluster, and the one store that is made of
/// them. For the .cpp files of this folder.
///
/// Each part is as of its own moment, and in each of them some shards are behind. What has been
/// acknowledged is in the logs of a majority of its shard's replicas, so of any majority of parts
/// at least one has it, if it was acknowledged before the first of them was made. Which one, Raft's
/// rule for elections says: of two logs that is ahead whose last entry has the later term, and of
/// the same term that which is longer; it has whatever was agreed on that is in the other. That
/// holds for logs of different moments as well: a replica never forgets what was agreed on.
///
/// So each shard is taken whole, log and state, from the part that is ahead in it. The new group is
/// one node, which agrees with itself on all that is in its log.

#include <filesystem>
#include <map>
#include <vector>

#include "archive/manifest.hpp"

namespace greenroom::archive {

struct part {
  std::filesystem::path folder;
  manifest says;
};

/// CONFLICT when they are not one of each node, of one cluster and one set.
expected<void> check_set(const std::vector<part>& parts);

struct choice {
  std::size_t base = 0;  ///< the part whose store the rest is put into
  /// Shards that are taken from other parts: which.
  std::map<std::uint16_t, std::size_t> taken = {};
  /// Shards of which there are parts of less than a majority of the replicas.
  std::vector<std::uint16_t> thin = {};
};

expected<choice> choose(const std::vector<part>& parts);

/// Puts the shards that are taken into the store in `folder`, a copy of that of the base, in the
/// place of what it has of them.
expected<void> put_together(const std::filesystem::path& folder, const std::vector<part>& parts,
                            const choice& what);

}  // namespace greenroom::archive

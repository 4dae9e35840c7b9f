// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The store as it is now, as a folder of its own, while it goes on.

#include <filesystem>

#include "store/database.hpp"

namespace greenroom::store {

/// Makes `folder`, which must not be there (its parent must): tables by hard links where the file
/// system allows, the journal copied. Everything that was written before the call is in it. Writes
/// go on meanwhile; takes as long as writing what is in memory. On the store's own threads and the
/// caller's; thread-safe.
expected<void> checkpoint(database& db, const std::filesystem::path& folder);

}  // namespace greenroom::store

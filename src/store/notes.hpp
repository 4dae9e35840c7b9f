// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Small facts about this node that nobody waits for.

#include <string_view>

#include "store/database.hpp"

namespace greenroom::store {

/// As database::set_meta, but it does not wait for the disk: the fact is read again at once, and is
/// on the disk after the log's next write. Lost if the process is killed before. Thread-safe.
expected<void> note(database& db, std::string_view key, std::string_view value);

}  // namespace greenroom::store

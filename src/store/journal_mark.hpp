// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Whether the newest file of RocksDB's write-ahead log is still there. RocksDB misses older ones
/// by itself (what it has synced of them is in its MANIFEST), but not the one that was in use at
/// the end: without it it would open with what is in the tables, and nobody would hear of the rest.
///
/// While a store is open there is always a file that is as new as the one of its opening, or newer.
/// So the number of that one is kept beside them, and one of at least that number has to be there
/// when the store is opened again. Checkpoints do not have the mark, and may be without a log.

#include <filesystem>

#include "protocol/error.hpp"

namespace greenroom::store {

/// Its name. Whoever wants to go on without the log may delete it while the node is stopped.
inline constexpr const char* journal_mark_name = "JOURNAL";

/// INTERNAL when the log has gone; nothing is looked at where there is no mark.
expected<void> check_journal(const std::filesystem::path& folder);

/// Notes the log of the store that has just been opened. On the disk when it returns.
expected<void> note_journal(const std::filesystem::path& folder);

}  // namespace greenroom::store

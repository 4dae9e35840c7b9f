// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// That a file of the store does not have what was written to it is remembered over the end of the
/// process: in most cases the process ends because of it, and would, started again, lead until it
/// comes across the same place. The mark is a file in the store's folder, so it goes with it when
/// the folder is emptied.

#include <filesystem>
#include <optional>
#include <string>

namespace rocksdb {
class Status;
}

namespace greenroom::store {

/// Its name. Whoever is certain that nothing is wrong may delete it while the node is stopped.
inline constexpr const char* damage_mark_name = "DAMAGED";

/// Where to put the mark from now on; what an earlier process has put there counts as seen
/// (damage_seen). The node's own store; a program has one at a time.
void keep_damage_marks_in(const std::filesystem::path& folder);

/// If it is a wrong check sum or the like, and not only a disk that cannot be read right now, it is
/// seen from now on (damage_seen), and marked. Thread-safe; the first one counts.
void mark_if_corruption(const rocksdb::Status& s, const std::string& why) noexcept;

/// What an earlier process has left there.
std::optional<std::string> damage_marked_in(const std::filesystem::path& folder);

}  // namespace greenroom::store

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Where things are in a data folder and in a backup of one. A backup is laid out as a data folder
/// is, with a manifest beside the store, so that whatever looks at the one can look at the other.

#include <filesystem>

namespace greenroom::archive {

inline constexpr const char* store_folder = "store";
inline constexpr const char* manifest_file = "backup.json";

/// The store in a data folder or a backup; the folder itself if it is one.
std::filesystem::path store_in(const std::filesystem::path& folder);

}  // namespace greenroom::archive

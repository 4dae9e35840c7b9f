// SPDX-License-Identifier: MIT
#include "archive/places.hpp"

namespace greenroom::archive {

std::filesystem::path store_in(const std::filesystem::path& folder) {
  std::error_code none;
  auto below = folder / store_folder;
  if (std::filesystem::is_directory(below, none)) return below;
  if (std::filesystem::exists(folder / "CURRENT", none)) return folder;
  return below;
}

}  // namespace greenroom::archive

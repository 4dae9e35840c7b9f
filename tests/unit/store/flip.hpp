// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Damage as a disk does it.

#include <cstdint>
#include <filesystem>
#include <fstream>

namespace greenroom::store::test {

/// Turns one bit of the byte at this place over.
inline void flip(const std::filesystem::path& file, std::uintmax_t at) {
  std::fstream f(file, std::ios::in | std::ios::out | std::ios::binary);
  f.seekg(static_cast<std::streamoff>(at));
  const auto c = static_cast<char>(f.get() ^ 0x10);
  f.seekp(static_cast<std::streamoff>(at));
  f.put(c);
}

}  // namespace greenroom::store::test

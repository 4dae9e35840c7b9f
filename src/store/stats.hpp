// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// How much there is of what, for the console and the metrics. Estimates of RocksDB, without a
/// scan.

#include <cstdint>
#include <vector>

#include "store/database.hpp"

namespace greenroom::store {

struct family_size {
  family of = family::meta;
  std::uint64_t records = 0;       ///< estimated; overwritten ones may count twice
  std::uint64_t disk_bytes = 0;    ///< in files, compressed, what is obsolete included
  std::uint64_t memory_bytes = 0;  ///< written, not yet in files
};

/// Every family in the order of the enum.
std::vector<family_size> sizes(database& db);

}  // namespace greenroom::store

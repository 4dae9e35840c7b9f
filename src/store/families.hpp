// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// How RocksDB is set up, family by family. For database.cpp.

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>

#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "protocol/time.hpp"
#include "store/database.hpp"

namespace greenroom::store {

/// The last visible time of each shard; 0: not open here. Shared with compactions, which outlive no
/// database but run on RocksDB's threads.
struct shard_clocks {
  std::array<std::atomic<unix_ms>, 65536> of{};
};

/// How long a remembered repeat stays: an hour more than the rules look at, because the unsynced
/// end of a shard's state can be applied again after a crash, and must find what it found before.
inline constexpr unix_ms dedup_kept_ms = unix_ms{25} * 60 * 60 * 1000;

rocksdb::DBOptions database_setup(const database_options& options);
std::vector<rocksdb::ColumnFamilyDescriptor> family_setup(const database_options& options,
                                                          std::shared_ptr<shard_clocks> clocks);

}  // namespace greenroom::store

// SPDX-License-Identifier: MIT
#include "store/stats.hpp"

#include <rocksdb/db.h>

namespace greenroom::store {

namespace {

std::uint64_t property(database& db, family f, const std::string& name) {
  std::uint64_t value = 0;
  return db.rocks().GetIntProperty(db.handle(f), name, &value) ? value : 0;
}

}  // namespace

std::vector<family_size> sizes(database& db) {
  using names = rocksdb::DB::Properties;
  std::vector<family_size> all;
  for (std::size_t i = 0; i < family_count; ++i) {
    const auto f = static_cast<family>(i);
    all.push_back({f, property(db, f, names::kEstimateNumKeys),
                   property(db, f, names::kTotalSstFilesSize),
                   property(db, f, names::kCurSizeAllMemTables)});
  }
  return all;
}

}  // namespace greenroom::store

// SPDX-License-Identifier: MIT
#include "store/checkpoint.hpp"

#include <rocksdb/db.h>
#include <rocksdb/utilities/checkpoint.h>

#include <memory>

namespace greenroom::store {

expected<void> checkpoint(database& db, const std::filesystem::path& folder) {
  // What the states have written may still be in the process (docs/storage.md, section 6).
  auto s = db.rocks().FlushWAL(/*sync=*/true);
  rocksdb::Checkpoint* made = nullptr;
  if (s.ok()) s = rocksdb::Checkpoint::Create(&db.rocks(), &made);
  const std::unique_ptr<rocksdb::Checkpoint> owner(made);
  if (s.ok()) s = made->CreateCheckpoint(folder.string());
  if (s.ok()) return {};
  return fail(ec::internal, "a checkpoint in " + folder.string() + ": " + s.ToString());
}

}  // namespace greenroom::store

// SPDX-License-Identifier: MIT
#include "store/notes.hpp"

#include <rocksdb/db.h>

#include <string>

namespace greenroom::store {

expected<void> note(database& db, std::string_view key, std::string_view value) {
  const auto s = db.rocks().Put({}, db.handle(family::meta), key, value);
  if (!s.ok()) return fail(ec::internal, "writing meta " + std::string(key) + ": " + s.ToString());
  return {};
}

}  // namespace greenroom::store

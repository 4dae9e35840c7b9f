// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// One committed record by its key. For the .cpp files of this folder.

#include <optional>

#include "store/scan.hpp"

namespace greenroom::store {

template <class Decode>
auto look_up(database& db, family f, const key& k, Decode decode,
             const rocksdb::Snapshot* snapshot = nullptr)
    -> std::optional<typename decltype(decode(std::string_view{}))::value_type> {
  rocksdb::ReadOptions how;
  how.snapshot = snapshot;
  rocksdb::PinnableSlice value;
  const auto s = db.rocks().Get(how, db.handle(f), k.view(), &value);
  if (s.IsNotFound()) return {};
  throw_unless_ok(s, "reading " + std::string(to_string(f)));
  return value_or_throw(decode(value.ToStringView()));
}

}  // namespace greenroom::store

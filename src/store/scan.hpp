// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// A bounded walk over the keys with a common beginning. For the .cpp files of this folder.

#include <rocksdb/db.h>

#include <memory>
#include <string_view>

#include "store/database.hpp"
#include "store/fatal.hpp"
#include "store/keys.hpp"

namespace greenroom::store {

/// Sees one moment of the database: the one of its making, or of `snapshot`. Not movable, because
/// RocksDB refers to the bounds.
class scan {
 public:
  /// `once`: what is read will not be read again soon and need not stay in the cache.
  /// `floor`: a key with this prefix; nothing before it is looked at, also not what was deleted.
  scan(database& db, family f, const key& prefix, const rocksdb::Snapshot* snapshot = nullptr,
       bool once = false, const key* floor = nullptr)
      : family_(f),
        lower_(floor == nullptr ? prefix : *floor),
        upper_(prefix.end()),
        lower_slice_(lower_.view()),
        upper_slice_(upper_.view()) {
    rocksdb::ReadOptions how;
    how.snapshot = snapshot;
    how.fill_cache = !once;
    how.iterate_lower_bound = &lower_slice_;
    if (!upper_slice_.empty()) how.iterate_upper_bound = &upper_slice_;
    // A prefix shorter than that of the Bloom filters would make RocksDB miss keys.
    how.total_order_seek = prefix.view().size() < owner_prefix_bytes;
    at_.reset(db.rocks().NewIterator(how, db.handle(f)));
  }
  scan(const scan&) = delete;
  scan& operator=(const scan&) = delete;

  void first() { at_->Seek(lower_slice_); }
  /// The first key that is not before `k`.
  void from(const key& k) { at_->Seek(k.view()); }
  /// The last key that is not after `k`.
  void back_from(const key& k) { at_->SeekForPrev(k.view()); }
  void next() { at_->Next(); }
  void previous() { at_->Prev(); }

  /// False at the end; throws damaged when the end is not one.
  [[nodiscard]] bool valid() const {
    if (at_->Valid()) return true;
    throw_unless_ok(at_->status(), "reading " + std::string(to_string(family_)));
    return false;
  }
  [[nodiscard]] std::string_view key_bytes() const { return at_->key().ToStringView(); }
  [[nodiscard]] std::string_view value() const { return at_->value().ToStringView(); }

 private:
  family family_;
  key lower_;
  key upper_;
  rocksdb::Slice lower_slice_;
  rocksdb::Slice upper_slice_;
  std::unique_ptr<rocksdb::Iterator> at_;
};

/// The parse functions of keys.hpp give nothing for a key that is none.
template <class Position>
Position position_or_throw(std::optional<Position> p, family f) {
  if (!p) throw damaged("damaged record " + std::string(to_string(f)) + ": its key is none");
  return *p;
}

}  // namespace greenroom::store

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The inside of shard_state, shared by shard_state.cpp and the state_*.cpp files.

#include <rocksdb/db.h>
#include <rocksdb/utilities/write_batch_with_index.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/fatal.hpp"
#include "store/keys.hpp"
#include "store/pending_writes.hpp"
#include "store/records.hpp"
#include "store/shard_state.hpp"

namespace greenroom::store {

/// Generation and progress of a shard as they are on disk now. Throws damaged.
scope scope_of(database& db, std::uint16_t shard);
progress progress_of(database& db, const scope& at);

/// Whether and where a room or user is in the directory.
struct listing {
  bool is_listed = false;
  unix_ms created_at = 0;
  bool operator==(const listing&) const = default;
};
listing listing_of(const chat::room& r) noexcept;
listing listing_of(const chat::user& u) noexcept;

/// A record that cannot be read or written ends the process: the rules must not take it for absent.
struct shard_state::impl {
  impl(database& to, std::uint16_t shard);

  /// From what is not committed, or else from the database.
  bool get(family f, const key& k, rocksdb::PinnableSlice& value) {
    const auto s = is_walked(f) ? batch.GetFromBatchAndDB(&db.rocks(), read_options, db.handle(f),
                                                          k.view(), &value)
                                : db.rocks().Get(read_options, db.handle(f), k.view(), &value);
    if (s.IsNotFound()) return false;
    stop_unless_ok(s, "reading " + std::string(to_string(f)));
    return true;
  }

  template <class Decode>
  auto find(family f, const key& k, Decode decode)
      -> std::optional<typename decltype(decode(std::string_view{}))::value_type> {
    if (!is_walked(f)) {
      if (const auto* written = pending.find(f, k)) {
        if (!*written) return {};
        return value_or_stop(decode(std::string_view(**written)));
      }
    }
    rocksdb::PinnableSlice value;
    if (!get(f, k, value)) return {};
    return value_or_stop(decode(value.ToStringView()));
  }

  void put(family f, const key& k, std::string value) {
    if (is_walked(f)) {
      stop_unless_ok(batch.Put(db.handle(f), k.view(), value), "gathering writes");
    } else {
      pending.put(f, k, std::move(value));
    }
  }

  void erase(family f, const key& k) {
    if (is_walked(f)) {
      stop_unless_ok(batch.Delete(db.handle(f), k.view()), "gathering writes");
    } else {
      pending.put(f, k, std::nullopt);
    }
  }

  /// The first `limit` records of an owner, of the batch and the database together; `decode` is
  /// given the second id of the key and the value. Of families that are walked.
  template <class Decode>
  auto first_of(family f, const uuid& owner, std::size_t limit, Decode decode,
                const uuid& after = {})
      -> std::vector<typename decltype(decode(uuid{}, std::string_view{}))::value_type> {
    if (!is_walked(f)) stop(std::string(to_string(f)) + " cannot be walked");
    const auto prefix = owner_prefix(at, owner);
    const auto end = prefix.end();
    const rocksdb::Slice upper(end.view());
    rocksdb::ReadOptions how;
    if (!upper.empty()) how.iterate_upper_bound = &upper;
    const std::unique_ptr<rocksdb::Iterator> it(
        batch.NewIteratorWithBase(db.handle(f), db.rocks().NewIterator(how, db.handle(f)), &how));
    std::vector<typename decltype(decode(uuid{}, std::string_view{}))::value_type> found;
    // The bound holds for the database's half; the batch's half is checked here.
    const auto start = pair_key(at, owner, after);
    for (it->Seek(after.is_nil() ? prefix.view() : start.view());
         found.size() < limit && it->Valid() && it->key().starts_with(prefix.view()); it->Next()) {
      const auto position = parse_pair_key(it->key().ToStringView());
      if (!position) stop("damaged record " + std::string(to_string(f)) + ": its key is none");
      if (!after.is_nil() && position->id == after) continue;
      found.push_back(value_or_stop(decode(position->id, it->value().ToStringView())));
    }
    stop_unless_ok(it->status(), "reading " + std::string(to_string(f)));
    return found;
  }

  /// Brings the directory from what it was to what it is. `before` as remembered or as read.
  void relist(listed kind, const uuid& id, const listing& before, const listing& now);

  database& db;
  scope at;
  progress now;
  rocksdb::ReadOptions read_options;
  rocksdb::WriteOptions write_options;  // no sync: the log is what is replayed
  rocksdb::WriteBatchWithIndex batch;   // of families that are walked; of all when it is committed
  pending_writes pending;               // of the others

  /// Every message writes its room, but the listing of a room hardly ever changes. What was last
  /// written for some rooms is remembered here, so that most writes need not look.
  struct remembered {
    uuid id;
    listing is;
  };
  std::array<remembered, 256> rooms_listed{};
  /// The same of the user who was last asked for or written.
  remembered user_listed{};
  remembered& remembered_of(const uuid& room_id) noexcept {
    return rooms_listed[room_id.bytes.back()];
  }

  /// The rooms and members that were last asked for or written, as the batch and the database
  /// together have them: in a busy room each message would read and decode anew what the one before
  /// has written. Nobody else writes them while this lives. Made when first used; a replica in
  /// which nothing happens has none.
  struct member_place {
    uuid room_id;
    chat::member is;
  };
  std::array<std::unique_ptr<chat::room>, 8> rooms_known{};
  std::array<std::unique_ptr<member_place>, 32> members_known{};
  std::unique_ptr<chat::room>& known_of(const uuid& room_id) noexcept {
    return rooms_known[room_id.bytes.back() % rooms_known.size()];
  }
  std::unique_ptr<member_place>& known_of(const uuid& room_id, const uuid& user_id) noexcept {
    return members_known[(room_id.bytes.back() ^ user_id.bytes.back()) % members_known.size()];
  }
};

}  // namespace greenroom::store

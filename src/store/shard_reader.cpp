// SPDX-License-Identifier: MIT
#include "store/shard_reader.hpp"

#include <algorithm>

#include "protocol/directory.hpp"
#include "store/lookup.hpp"
#include "store/shard_state_impl.hpp"

namespace greenroom::store {

namespace {

bool matches(const chat::user& u, const std::string& query) {
  return u.username.find(query) != std::string::npos || protocol::occurs_in(u.display_name, query);
}

/// Walks the directory, newest first, until `take` has had enough or rows_looked_at_max is reached.
/// All is read as of one moment. Returns the last row looked at when there are more behind it.
template <class Take>
std::optional<directory_cursor> walk_directory(database& db, const scope& at, listed kind,
                                               const std::optional<directory_cursor>& after,
                                               Take take) {
  rocksdb::ManagedSnapshot moment(&db.rocks());
  scan rows(db, family::directory, directory_prefix(at, kind), moment.snapshot());
  if (after) {
    const auto last = directory_key(at, kind, after->created_at, after->id);
    rows.from(last);
    if (rows.valid() && rows.key_bytes() == last.view()) rows.next();
  } else {
    rows.first();
  }
  std::optional<directory_cursor> last;
  bool more_wanted = true;
  for (std::size_t looked_at = 0; rows.valid(); ++looked_at) {
    if (!more_wanted || looked_at == rows_looked_at_max) return last;
    const auto row = position_or_throw(parse_directory_key(rows.key_bytes()), family::directory);
    more_wanted = take(row.id, moment.snapshot());
    last = {row.created_at, row.id};
    rows.next();
  }
  return {};
}

}  // namespace

shard_reader::shard_reader(database& db, std::uint16_t shard)
    : db_(db), shard_(shard), generation_(scope_of(db, shard).generation) {}

scope shard_reader::at() const noexcept {
  return {shard_, generation_};
}

std::optional<chat::user> shard_reader::find_user(const uuid& id) const {
  return look_up(db_, family::user, id_key(at(), id),
                 [&](std::string_view v) { return decode_user(id, v); });
}

std::optional<chat::session> shard_reader::find_session(const uuid& user_id, const uuid& id) const {
  return look_up(db_, family::session, pair_key(at(), user_id, id),
                 [&](std::string_view v) { return decode_session(user_id, id, v); });
}

std::vector<chat::session> shard_reader::sessions_of(const uuid& user_id) const {
  std::vector<chat::session> found;
  scan rows(db_, family::session, owner_prefix(at(), user_id));
  for (rows.first(); rows.valid(); rows.next()) {
    const auto p = position_or_throw(parse_pair_key(rows.key_bytes()), family::session);
    found.push_back(value_or_throw(decode_session(user_id, p.id, rows.value())));
  }
  return found;
}

std::vector<chat::user_room> shard_reader::rooms_of(const uuid& user_id) const {
  std::vector<chat::user_room> found;
  scan rows(db_, family::user_room, owner_prefix(at(), user_id));
  for (rows.first(); rows.valid(); rows.next()) {
    const auto p = position_or_throw(parse_pair_key(rows.key_bytes()), family::user_room);
    found.push_back(value_or_throw(decode_user_room(user_id, p.id, rows.value())));
  }
  return found;
}

directory_page shard_reader::public_rooms(const std::string& query,
                                          const std::optional<directory_cursor>& after,
                                          std::size_t limit) const {
  directory_page found;
  if (limit == 0) return found;
  found.stopped_at =
      walk_directory(db_, at(), listed::room, after, [&](const uuid& id, const auto* moment) {
        auto r = look_up(
            db_, family::room, id_key(at(), id),
            [&](std::string_view v) { return decode_room(id, v); }, moment);
        if (r && protocol::room_matches(*r, query)) found.rooms.push_back(std::move(*r));
        return found.rooms.size() < limit;
      });
  return found;
}

user_page shard_reader::users(const std::string& query,
                              const std::optional<directory_cursor>& after,
                              std::size_t limit) const {
  user_page found;
  if (limit == 0) return found;
  found.stopped_at =
      walk_directory(db_, at(), listed::user, after, [&](const uuid& id, const auto* moment) {
        auto u = look_up(
            db_, family::user, id_key(at(), id),
            [&](std::string_view v) { return decode_user(id, v); }, moment);
        if (u && matches(*u, query)) found.users.push_back(std::move(*u));
        return found.users.size() < limit;
      });
  return found;
}

std::optional<chat::dedup> shard_reader::find_dedup(const uuid& user_id,
                                                    const uuid& message_id) const {
  return look_up(db_, family::dedup, pair_key(at(), user_id, message_id),
                 [&](std::string_view v) { return decode_dedup(user_id, message_id, v); });
}

std::vector<chat::outbox_item> shard_reader::outbox(std::size_t limit) const {
  std::vector<chat::outbox_item> found;
  scan rows(db_, family::outbox, scope_prefix(at()));
  for (rows.first(); found.size() < limit && rows.valid(); rows.next()) {
    const auto p = position_or_throw(parse_outbox_key(rows.key_bytes()), family::outbox);
    found.push_back(value_or_throw(decode_outbox(p.id, rows.value())));
  }
  return found;
}

}  // namespace greenroom::store

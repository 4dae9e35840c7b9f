// SPDX-License-Identifier: MIT
#include <algorithm>

#include "store/lookup.hpp"
#include "store/records.hpp"
#include "store/shard_reader.hpp"

namespace greenroom::store {

namespace {

chat::message message_at(const scan& rows) {
  const auto p = position_or_throw(parse_seq_key(rows.key_bytes()), family::message);
  return value_or_throw(decode_message(p.room_id, p.seq, rows.value()));
}

constexpr std::uint64_t last_seq = ~std::uint64_t{0};

}  // namespace

std::optional<chat::room> shard_reader::find_room(const uuid& id) const {
  return look_up(db_, family::room, id_key(at(), id),
                 [&](std::string_view v) { return decode_room(id, v); });
}

std::vector<chat::room> shard_reader::rooms(const std::optional<uuid>& after,
                                            std::size_t limit) const {
  std::vector<chat::room> found;
  scan rows(db_, family::room, scope_prefix(at()));
  rows.from(after ? id_key(at(), *after) : scope_prefix(at()));
  for (; found.size() < limit && rows.valid(); rows.next()) {
    const auto p = position_or_throw(parse_id_key(rows.key_bytes()), family::room);
    if (after && p.id == *after) continue;
    found.push_back(value_or_throw(decode_room(p.id, rows.value())));
  }
  return found;
}

std::optional<chat::member> shard_reader::find_member(const uuid& room_id,
                                                      const uuid& user_id) const {
  return look_up(db_, family::member, pair_key(at(), room_id, user_id),
                 [&](std::string_view v) { return decode_member(user_id, v); });
}

std::optional<chat::outsider> shard_reader::find_outsider(const uuid& room_id,
                                                          const uuid& user_id) const {
  return look_up(db_, family::outsider, pair_key(at(), room_id, user_id),
                 [&](std::string_view v) { return decode_outsider(user_id, v); });
}

std::vector<chat::member> shard_reader::members(const uuid& room_id,
                                                const std::optional<uuid>& after,
                                                std::size_t limit) const {
  std::vector<chat::member> found;
  scan rows(db_, family::member, owner_prefix(at(), room_id));
  rows.from(after ? pair_key(at(), room_id, *after) : owner_prefix(at(), room_id));
  for (; found.size() < limit && rows.valid(); rows.next()) {
    const auto p = position_or_throw(parse_pair_key(rows.key_bytes()), family::member);
    if (after && p.id == *after) continue;
    found.push_back(value_or_throw(decode_member(p.id, rows.value())));
  }
  return found;
}

std::optional<chat::message> shard_reader::find_message(const uuid& room_id,
                                                        std::uint64_t seq) const {
  return look_up(db_, family::message, seq_key(at(), room_id, seq),
                 [&](std::string_view v) { return decode_message(room_id, seq, v); });
}

std::optional<std::uint64_t> shard_reader::find_message_seq(const uuid& room_id,
                                                            const uuid& id) const {
  return look_up(db_, family::message_id, pair_key(at(), room_id, id), decode_seq);
}

message_page shard_reader::before(const uuid& room_id, std::uint64_t before, std::size_t limit,
                                  std::uint64_t first) const {
  message_page page;
  // Nothing is before the first.
  if (before == 1 || (before != 0 && before <= first)) return page;
  const auto floor = seq_key(at(), room_id, first);
  scan rows(db_, family::message, owner_prefix(at(), room_id), nullptr, false, &floor);
  rows.back_from(seq_key(at(), room_id, before == 0 ? last_seq : before - 1));
  for (; page.messages.size() < limit && rows.valid(); rows.previous())
    page.messages.push_back(message_at(rows));
  page.has_more = rows.valid();
  std::reverse(page.messages.begin(), page.messages.end());
  return page;
}

message_page shard_reader::after(const uuid& room_id, std::uint64_t after,
                                 std::size_t limit) const {
  message_page page;
  if (after == last_seq) return page;
  scan rows(db_, family::message, owner_prefix(at(), room_id));
  rows.from(seq_key(at(), room_id, after + 1));
  for (; page.messages.size() < limit && rows.valid(); rows.next())
    page.messages.push_back(message_at(rows));
  page.has_more = rows.valid();
  return page;
}

std::vector<chat::room_entry> shard_reader::entries(const uuid& room_id, std::uint64_t from,
                                                    std::uint64_t to, std::size_t limit) const {
  std::vector<chat::room_entry> found;
  scan rows(db_, family::room_log, owner_prefix(at(), room_id));
  for (rows.from(seq_key(at(), room_id, from)); found.size() < limit && rows.valid(); rows.next()) {
    const auto p = position_or_throw(parse_seq_key(rows.key_bytes()), family::room_log);
    if (p.seq > to) break;
    found.push_back(value_or_throw(decode_entry(p.seq, rows.value())));
  }
  return found;
}

unread_counts shard_reader::count_unread(const uuid& room_id, const uuid& user_id,
                                         std::uint64_t after, std::uint64_t cap) const {
  unread_counts counts;
  if (after == last_seq) return counts;
  scan rows(db_, family::message, owner_prefix(at(), room_id));
  rows.from(seq_key(at(), room_id, after + 1));
  for (std::uint64_t looked_at = 0; looked_at < 2 * cap && counts.messages < cap && rows.valid();
       ++looked_at, rows.next()) {
    const auto m = value_or_throw(glance_at_message(room_id, user_id, rows.value()));
    if (m.sender_id == user_id || m.is_deleted) continue;
    ++counts.messages;
    if (m.mentions) ++counts.mentions;
  }
  return counts;
}

}  // namespace greenroom::store

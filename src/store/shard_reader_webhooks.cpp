// SPDX-License-Identifier: MIT
#include "store/lookup.hpp"
#include "store/records.hpp"
#include "store/shard_reader.hpp"

namespace greenroom::store {

std::optional<chat::webhook> shard_reader::find_webhook(const uuid& room_id, const uuid& id) const {
  return look_up(db_, family::webhook, pair_key(at(), room_id, id),
                 [&](std::string_view v) { return decode_webhook(room_id, id, v); });
}

std::vector<chat::webhook> shard_reader::webhooks_of(const uuid& room_id) const {
  std::vector<chat::webhook> found;
  scan rows(db_, family::webhook, owner_prefix(at(), room_id));
  for (rows.first(); rows.valid(); rows.next()) {
    const auto p = position_or_throw(parse_pair_key(rows.key_bytes()), family::webhook);
    found.push_back(value_or_throw(decode_webhook(room_id, p.id, rows.value())));
  }
  return found;
}

std::vector<chat::webhook> shard_reader::webhooks(std::size_t limit) const {
  std::vector<chat::webhook> found;
  scan rows(db_, family::webhook, scope_prefix(at()));
  for (rows.first(); found.size() < limit && rows.valid(); rows.next()) {
    const auto p = position_or_throw(parse_pair_key(rows.key_bytes()), family::webhook);
    found.push_back(value_or_throw(decode_webhook(p.owner, p.id, rows.value())));
  }
  return found;
}

std::vector<chat::dead_delivery> shard_reader::dead_of(const uuid& hook_id) const {
  std::vector<chat::dead_delivery> found;
  scan rows(db_, family::webhook_dead, owner_prefix(at(), hook_id));
  for (rows.first(); rows.valid(); rows.next()) {
    const auto p = position_or_throw(parse_pair_key(rows.key_bytes()), family::webhook_dead);
    found.push_back(value_or_throw(decode_dead(hook_id, p.id, rows.value())));
  }
  return found;
}

}  // namespace greenroom::store

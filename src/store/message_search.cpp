// SPDX-License-Identifier: MIT
#include "store/message_search.hpp"

#include "store/records.hpp"
#include "store/scan.hpp"
#include "store/shard_reader.hpp"
#include "store/shard_state_impl.hpp"

namespace greenroom::store {

namespace {

/// Calls `found(owner, value)` for each owner of an `id` in a family of pairs, until one says true.
template <class Found>
void leap(database& db, family f, const scope& at, const uuid& id, std::size_t& looks,
          Found found) {
  scan rows(db, f, scope_prefix(at), nullptr, true);
  rows.first();
  while (looks > 0 && rows.valid()) {
    --looks;
    const auto owner = position_or_throw(parse_pair_key(rows.key_bytes()), f).owner;
    const auto wanted = pair_key(at, owner, id);
    rows.from(wanted);
    if (rows.valid() && rows.key_bytes() == wanted.view() && found(owner, rows.value())) {
      return;
    }
    // What comes first after all that this one has.
    rows.from(owner_prefix(at, owner).end());
  }
}

}  // namespace

std::optional<found_message> find_message_by_id(database& db, std::uint16_t shard, const uuid& id,
                                                std::size_t& looks) {
  const auto at = scope_of(db, shard);
  const shard_reader reader(db, shard);
  std::optional<found_message> result;
  leap(db, family::dedup, at, id, looks, [&](const uuid& user, std::string_view value) {
    const auto known = value_or_throw(decode_dedup(user, id, value));
    const auto message =
        known.seq == 0 ? std::nullopt : reader.find_message(known.room_id, known.seq);
    if (message && message->message_id == id && message->sender_id == user) {
      result = {*message, known.raft_term};
    }
    return result.has_value();
  });
  if (result) return result;
  leap(db, family::message_id, at, id, looks, [&](const uuid& room, std::string_view) {
    const auto seq = reader.find_message_seq(room, id);
    if (auto message = seq ? reader.find_message(room, *seq) : std::nullopt) {
      const auto known = reader.find_dedup(message->sender_id, message->message_id);
      result = {std::move(*message), known ? known->raft_term : 0};
    }
    return result.has_value();
  });
  return result;
}

}  // namespace greenroom::store

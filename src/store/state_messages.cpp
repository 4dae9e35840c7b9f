// SPDX-License-Identifier: MIT
#include "store/shard_state_impl.hpp"

namespace greenroom::store {

std::optional<chat::message> shard_state::find_message(const uuid& room_id,
                                                       std::uint64_t seq) const {
  return impl_->find(family::message, seq_key(impl_->at, room_id, seq),
                     [&](std::string_view v) { return decode_message(room_id, seq, v); });
}

std::optional<std::uint64_t> shard_state::find_message_seq(const uuid& room_id,
                                                           const uuid& id) const {
  return impl_->find(family::message_id, pair_key(impl_->at, room_id, id), decode_seq);
}

void shard_state::put_message(const chat::message& m) {
  auto& i = *impl_;
  i.put(family::message, seq_key(i.at, m.room_id, m.seq), encode(m));
  i.put(family::message_id, pair_key(i.at, m.room_id, m.id), encode_seq(m.seq));
}

void shard_state::append_entry(const uuid& room_id, const chat::room_entry& e) {
  impl_->put(family::room_log, seq_key(impl_->at, room_id, e.seq), encode(e));
}

std::optional<chat::room_entry> shard_state::find_entry(const uuid& room_id,
                                                        std::uint64_t seq) const {
  return impl_->find(family::room_log, seq_key(impl_->at, room_id, seq),
                     [&](std::string_view v) { return decode_entry(seq, v); });
}

void shard_state::erase_message(const chat::message& m) {
  auto& i = *impl_;
  i.erase(family::message, seq_key(i.at, m.room_id, m.seq));
  i.erase(family::message_id, pair_key(i.at, m.room_id, m.id));
}

void shard_state::erase_entry(const uuid& room_id, std::uint64_t seq) {
  impl_->erase(family::room_log, seq_key(impl_->at, room_id, seq));
}

std::optional<chat::dedup> shard_state::find_dedup(const uuid& user_id,
                                                   const uuid& message_id) const {
  return impl_->find(family::dedup, pair_key(impl_->at, user_id, message_id),
                     [&](std::string_view v) { return decode_dedup(user_id, message_id, v); });
}

void shard_state::put_dedup(const chat::dedup& d) {
  impl_->put(family::dedup, pair_key(impl_->at, d.user_id, d.message_id), encode(d));
}

std::uint64_t shard_state::append_outbox(chat::outbox_item item) {
  auto& i = *impl_;
  item.id = ++i.now.last_outbox_id;
  i.put(family::outbox, outbox_key(i.at, item.id), encode(item));
  return item.id;
}

void shard_state::erase_outbox(std::uint64_t id) {
  impl_->erase(family::outbox, outbox_key(impl_->at, id));
}

}  // namespace greenroom::store

// SPDX-License-Identifier: MIT
#include "store/shard_state_impl.hpp"

namespace greenroom::store {

std::optional<chat::webhook> shard_state::find_webhook(const uuid& room_id, const uuid& id) const {
  return impl_->find(family::webhook, pair_key(impl_->at, room_id, id),
                     [&](std::string_view v) { return decode_webhook(room_id, id, v); });
}

void shard_state::put_webhook(const chat::webhook& h) {
  impl_->put(family::webhook, pair_key(impl_->at, h.room_id, h.id), encode(h));
}

void shard_state::erase_webhook(const uuid& room_id, const uuid& id) {
  impl_->erase(family::webhook, pair_key(impl_->at, room_id, id));
}

std::vector<chat::webhook> shard_state::first_webhooks(const uuid& room_id,
                                                       std::size_t limit) const {
  return impl_->first_of(family::webhook, room_id, limit, [&](const uuid& id, std::string_view v) {
    return decode_webhook(room_id, id, v);
  });
}

std::optional<chat::dead_delivery> shard_state::find_dead(const uuid& hook_id,
                                                          const uuid& id) const {
  return impl_->find(family::webhook_dead, pair_key(impl_->at, hook_id, id),
                     [&](std::string_view v) { return decode_dead(hook_id, id, v); });
}

void shard_state::put_dead(const chat::dead_delivery& d) {
  impl_->put(family::webhook_dead, pair_key(impl_->at, d.hook_id, d.id), encode(d));
}

void shard_state::erase_dead(const uuid& hook_id, const uuid& id) {
  impl_->erase(family::webhook_dead, pair_key(impl_->at, hook_id, id));
}

std::vector<chat::dead_delivery> shard_state::first_dead(const uuid& hook_id,
                                                         std::size_t limit) const {
  return impl_->first_of(
      family::webhook_dead, hook_id, limit,
      [&](const uuid& id, std::string_view v) { return decode_dead(hook_id, id, v); });
}

}  // namespace greenroom::store

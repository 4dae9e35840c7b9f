// SPDX-License-Identifier: MIT
#include <memory>

#include "store/shard_state_impl.hpp"

namespace greenroom::store {

listing listing_of(const chat::room& r) noexcept {
  return {r.type == chat::room_type::open && !r.is_private && !r.deleted, r.created_at};
}

std::optional<chat::room> shard_state::find_room(const uuid& id) const {
  auto& known = impl_->known_of(id);
  if (known && known->id == id) return *known;
  auto found = impl_->find(family::room, id_key(impl_->at, id),
                           [&](std::string_view v) { return decode_room(id, v); });
  if (found) known = std::make_unique<chat::room>(*found);
  return found;
}

void shard_state::put_room(const chat::room& r) {
  auto& i = *impl_;
  const auto is = listing_of(r);
  auto& known = i.remembered_of(r.id);
  // The nil id is no room's, and is what an unused place holds.
  if (known.id != r.id || r.id.is_nil()) {
    const auto old = find_room(r.id);
    known = {r.id, old ? listing_of(*old) : listing{}};
  }
  i.relist(listed::room, r.id, known.is, is);
  known.is = is;
  i.put(family::room, id_key(i.at, r.id), encode(r));
  if (auto& place = i.known_of(r.id)) {
    *place = r;
  } else {
    place = std::make_unique<chat::room>(r);
  }
}

std::optional<chat::member> shard_state::find_member(const uuid& room_id,
                                                     const uuid& user_id) const {
  auto& known = impl_->known_of(room_id, user_id);
  if (known && known->room_id == room_id && known->is.user_id == user_id) return known->is;
  auto found = impl_->find(family::member, pair_key(impl_->at, room_id, user_id),
                           [&](std::string_view v) { return decode_member(user_id, v); });
  if (found) known = std::make_unique<impl::member_place>(impl::member_place{room_id, *found});
  return found;
}

void shard_state::put_member(const uuid& room_id, const chat::member& m) {
  impl_->put(family::member, pair_key(impl_->at, room_id, m.user_id), encode(m));
  impl_->known_of(room_id, m.user_id) =
      std::make_unique<impl::member_place>(impl::member_place{room_id, m});
}

void shard_state::erase_member(const uuid& room_id, const uuid& user_id) {
  impl_->erase(family::member, pair_key(impl_->at, room_id, user_id));
  auto& known = impl_->known_of(room_id, user_id);
  if (known && known->room_id == room_id && known->is.user_id == user_id) known.reset();
}

std::vector<chat::member> shard_state::first_members(const uuid& room_id, std::size_t limit) const {
  return impl_->first_of(family::member, room_id, limit, decode_member);
}

std::vector<chat::member> shard_state::members_after(const uuid& room_id, const uuid& after,
                                                     std::size_t limit) const {
  return impl_->first_of(family::member, room_id, limit, decode_member, after);
}

std::optional<chat::outsider> shard_state::find_outsider(const uuid& room_id,
                                                         const uuid& user_id) const {
  return impl_->find(family::outsider, pair_key(impl_->at, room_id, user_id),
                     [&](std::string_view v) { return decode_outsider(user_id, v); });
}

void shard_state::put_outsider(const uuid& room_id, const chat::outsider& o) {
  impl_->put(family::outsider, pair_key(impl_->at, room_id, o.user_id), encode(o));
}

void shard_state::erase_outsider(const uuid& room_id, const uuid& user_id) {
  impl_->erase(family::outsider, pair_key(impl_->at, room_id, user_id));
}

std::vector<chat::outsider> shard_state::first_outsiders(const uuid& room_id,
                                                         std::size_t limit) const {
  return impl_->first_of(family::outsider, room_id, limit, decode_outsider);
}

}  // namespace greenroom::store

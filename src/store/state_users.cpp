// SPDX-License-Identifier: MIT
#include "store/shard_state_impl.hpp"

namespace greenroom::store {

listing listing_of(const chat::user& u) noexcept {
  return {!u.deactivated, u.created_at};
}

std::optional<chat::user> shard_state::find_user(const uuid& id) const {
  auto found = impl_->find(family::user, id_key(impl_->at, id),
                           [&](std::string_view v) { return decode_user(id, v); });
  if (found) impl_->user_listed = {id, listing_of(*found)};
  return found;
}

void shard_state::put_user(const chat::user& u) {
  auto& i = *impl_;
  // Rules write what they have just read.
  const auto before = [&] {
    if (i.user_listed.id == u.id && !u.id.is_nil()) return i.user_listed.is;
    const auto old = find_user(u.id);
    return old ? listing_of(*old) : listing{};
  }();
  const auto is = listing_of(u);
  i.relist(listed::user, u.id, before, is);
  i.user_listed = {u.id, is};
  i.put(family::user, id_key(i.at, u.id), encode(u));
}

std::optional<chat::session> shard_state::find_session(const uuid& user_id, const uuid& id) const {
  return impl_->find(family::session, pair_key(impl_->at, user_id, id),
                     [&](std::string_view v) { return decode_session(user_id, id, v); });
}

void shard_state::put_session(const chat::session& s) {
  impl_->put(family::session, pair_key(impl_->at, s.user_id, s.id), encode(s));
}

void shard_state::erase_session(const uuid& user_id, const uuid& id) {
  impl_->erase(family::session, pair_key(impl_->at, user_id, id));
}

std::vector<chat::session> shard_state::sessions_of(const uuid& user_id) const {
  return impl_->first_of(
      family::session, user_id, SIZE_MAX,
      [&](const uuid& id, std::string_view v) { return decode_session(user_id, id, v); });
}

std::optional<chat::user_room> shard_state::find_user_room(const uuid& user_id,
                                                           const uuid& room_id) const {
  return impl_->find(family::user_room, pair_key(impl_->at, user_id, room_id),
                     [&](std::string_view v) { return decode_user_room(user_id, room_id, v); });
}

std::vector<chat::user_room> shard_state::user_rooms_after(const uuid& user_id, const uuid& after,
                                                           std::size_t limit) const {
  return impl_->first_of(
      family::user_room, user_id, limit,
      [&](const uuid& room_id, std::string_view v) {
        return decode_user_room(user_id, room_id, v);
      },
      after);
}

void shard_state::put_user_room(const chat::user_room& line) {
  impl_->put(family::user_room, pair_key(impl_->at, line.user_id, line.room_id), encode(line));
}

std::optional<chat::email_reservation> shard_state::find_email(const uuid& email_id) const {
  return impl_->find(family::email, id_key(impl_->at, email_id),
                     [&](std::string_view v) { return decode_email(email_id, v); });
}

void shard_state::put_email(const chat::email_reservation& r) {
  impl_->put(family::email, id_key(impl_->at, r.id), encode(r));
}

void shard_state::erase_email(const uuid& email_id) {
  impl_->erase(family::email, id_key(impl_->at, email_id));
}

}  // namespace greenroom::store

// SPDX-License-Identifier: MIT
#include <vector>

#include "store/shard_state_impl.hpp"

namespace greenroom::store {

std::optional<chat::reaction_mark> shard_state::find_reaction(const uuid& message_id,
                                                              const uuid& user_id,
                                                              const std::string& emoji) const {
  const auto id = chat::reaction_mark_id(user_id, emoji);
  return impl_->find(family::reaction, pair_key(impl_->at, message_id, id),
                     [&](std::string_view v) { return decode_reaction(message_id, v); });
}

void shard_state::put_reaction(const chat::reaction_mark& m) {
  const auto id = chat::reaction_mark_id(m.user_id, m.emoji);
  impl_->put(family::reaction, pair_key(impl_->at, m.message_id, id), encode(m));
}

void shard_state::erase_reactions(const uuid& message_id) {
  auto& i = *impl_;
  const auto prefix = owner_prefix(i.at, message_id);
  const auto end = prefix.end();
  const rocksdb::Slice upper(end.view());
  rocksdb::ReadOptions how;
  if (!upper.empty()) how.iterate_upper_bound = &upper;
  auto* handle = i.db.handle(family::reaction);
  const std::unique_ptr<rocksdb::Iterator> it(
      i.batch.NewIteratorWithBase(handle, i.db.rocks().NewIterator(how, handle), &how));
  // Gathered first: the batch must not change under its own iterator.
  std::vector<uuid> marks;
  for (it->Seek(prefix.view()); it->Valid() && it->key().starts_with(prefix.view()); it->Next()) {
    const auto position = parse_pair_key(it->key().ToStringView());
    if (!position) stop("damaged record reaction: its key is none");
    marks.push_back(position->id);
  }
  stop_unless_ok(it->status(), "reading reactions");
  for (const auto& id : marks)
    i.erase(family::reaction, pair_key(i.at, message_id, id));
}

std::optional<chat::device_mark> shard_state::find_device_mark(const uuid& room_id,
                                                               const uuid& id) const {
  return impl_->find(family::device, pair_key(impl_->at, room_id, id),
                     [&](std::string_view v) { return decode_device(room_id, id, v); });
}

void shard_state::put_device_mark(const chat::device_mark& m) {
  impl_->put(family::device, pair_key(impl_->at, m.room_id, m.id), encode(m));
}

void shard_state::erase_device_mark(const uuid& room_id, const uuid& id) {
  impl_->erase(family::device, pair_key(impl_->at, room_id, id));
}

std::vector<chat::device_mark> shard_state::first_device_marks(const uuid& room_id,
                                                               std::size_t limit) const {
  return impl_->first_of(family::device, room_id, limit, [&](const uuid& id, std::string_view v) {
    return decode_device(room_id, id, v);
  });
}

}  // namespace greenroom::store

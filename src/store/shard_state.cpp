// SPDX-License-Identifier: MIT
#include "store/shard_state.hpp"

#include "store/shard_state_impl.hpp"

namespace greenroom::store {

namespace {

/// Room for the writes of about a hundred messages, so that the batch does not grow step by step.
constexpr std::size_t batch_bytes = 64 << 10;

}  // namespace

scope scope_of(database& db, std::uint16_t shard) {
  rocksdb::PinnableSlice value;
  const auto s = db.rocks().Get(rocksdb::ReadOptions(), db.handle(family::raft_meta),
                                generation_key(shard).view(), &value);
  if (s.IsNotFound()) return {shard, 1};
  throw_unless_ok(s, "reading the generation of shard " + std::to_string(shard));
  return {shard, value_or_throw(decode_generation(value.ToStringView()))};
}

progress progress_of(database& db, const scope& at) {
  rocksdb::PinnableSlice value;
  const auto s = db.rocks().Get(rocksdb::ReadOptions(), db.handle(family::raft_meta),
                                progress_key(at).view(), &value);
  if (s.IsNotFound()) return {};
  throw_unless_ok(s, "reading the progress of shard " + std::to_string(at.shard));
  return value_or_throw(decode_progress(value.ToStringView()));
}

shard_state::impl::impl(database& to, std::uint16_t shard)
    : db(to),
      at(scope_of(to, shard)),
      now(progress_of(to, at)),
      batch(rocksdb::BytewiseComparator(), batch_bytes, /*overwrite_key=*/true) {
  db.note_clock(shard, now.clock);
}

void shard_state::impl::relist(listed kind, const uuid& id, const listing& before,
                               const listing& now_is) {
  if (before == now_is) return;
  if (before.is_listed) erase(family::directory, directory_key(at, kind, before.created_at, id));
  if (now_is.is_listed) put(family::directory, directory_key(at, kind, now_is.created_at, id), {});
}

shard_state::shard_state(database& db, std::uint16_t shard)
    : impl_(std::make_unique<impl>(db, shard)) {}

shard_state::~shard_state() = default;

std::uint64_t shard_state::applied_index() const noexcept {
  return impl_->now.applied_index;
}

std::uint32_t shard_state::generation() const noexcept {
  return impl_->at.generation;
}

void shard_state::reload() {
  auto& db = impl_->db;
  impl_ = std::make_unique<impl>(db, impl_->at.shard);
}

expected<void> shard_state::commit(std::uint64_t applied_index) {
  auto& i = *impl_;
  i.now.applied_index = applied_index;
  i.put(family::raft_meta, progress_key(i.at), encode(i.now));
  auto* const all = i.batch.GetWriteBatch();
  i.pending.add_to(*all, i.db);
  const auto s = i.db.rocks().Write(i.write_options, all);
  if (!s.ok()) {
    return fail(ec::internal, "writing the state of shard " + std::to_string(i.at.shard) +
                                  " at index " + std::to_string(applied_index) + ": " +
                                  s.ToString());
  }
  i.batch.Clear();
  i.pending.clear();
  i.db.note_clock(i.at.shard, i.now.clock);
  return {};
}

unix_ms shard_state::clock() const {
  return impl_->now.clock;
}

void shard_state::set_clock(unix_ms time) {
  impl_->now.clock = time;
}

}  // namespace greenroom::store

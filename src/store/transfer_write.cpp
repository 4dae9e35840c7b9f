// SPDX-License-Identifier: MIT
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <optional>

#include "store/scan.hpp"
#include "store/shard_state_impl.hpp"
#include "store/transfer.hpp"
#include "store/transfer_impl.hpp"

namespace greenroom::store {

namespace {

struct record_view {
  family where = family::raft_meta;
  std::string_view end;
  std::string_view value;
};

constexpr std::size_t head_bytes = 1 + 1 + 4;

/// Takes one from the front.
std::optional<record_view> take_record(std::string_view& from) {
  if (from.size() < head_bytes) return {};
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(from[i]); };
  if (byte(0) >= family_count) return {};
  record_view r;
  r.where = static_cast<family>(byte(0));
  const std::size_t end = byte(1);
  const auto value = static_cast<std::size_t>(byte(2)) << 24 |
                     static_cast<std::size_t>(byte(3)) << 16 |
                     static_cast<std::size_t>(byte(4)) << 8 | byte(5);
  from.remove_prefix(head_bytes);
  if (value > record_bytes_max || end + value > from.size()) return {};
  r.end = from.substr(0, end);
  r.value = from.substr(end, value);
  from.remove_prefix(end + value);
  return r;
}

std::uint32_t newest_generation(database& db, std::uint16_t shard) {
  auto newest = scope_of(db, shard).generation;
  for (const auto f : state_families) {
    scan keys(db, f, shard_prefix(shard));
    keys.back_from(scope_prefix({shard, ~std::uint32_t{0}}).end());
    if (!keys.valid()) continue;
    newest = std::max(newest, position_or_throw(parse_scope(keys.key_bytes()), f).generation);
  }
  return newest;
}

}  // namespace

struct state_installer::impl {
  impl(database& to, std::uint16_t shard) : db(to), at{shard, newest_generation(to, shard) + 1} {}

  database& db;
  scope at;
  std::string progress_record;
};

state_installer::state_installer(database& db, std::uint16_t shard)
    : impl_(std::make_unique<impl>(db, shard)) {}

state_installer::~state_installer() = default;

std::uint32_t state_installer::generation() const noexcept {
  return impl_->at.generation;
}

expected<void> state_installer::add(std::string_view piece) {
  auto& i = *impl_;
  rocksdb::WriteBatch batch;
  std::string progress_record;
  while (!piece.empty()) {
    const auto r = take_record(piece);
    if (!r) return fail(ec::internal, "a piece of a state is damaged");
    if (r->where == family::raft_meta && r->end.empty()) {
      if (auto known = decode_progress(r->value); !known) return tl::unexpected(known.error());
      progress_record = r->value;
      continue;
    }
    const auto k = rescoped(i.at, r->end);
    if (!k || std::ranges::find(state_families, r->where) == state_families.end()) {
      return fail(ec::internal, "a piece of a state has a record of something else");
    }
    stop_unless_ok(batch.Put(i.db.handle(r->where), k->view(), r->value), "gathering a state");
  }
  stop_unless_ok(i.db.rocks().Write({}, &batch), "writing a state that was received");
  if (!progress_record.empty()) i.progress_record = std::move(progress_record);
  return {};
}

expected<std::vector<raw_record>> state_installer::finish(std::uint64_t applied_index) const {
  const auto& i = *impl_;
  if (i.progress_record.empty()) return fail(ec::internal, "a state is not complete");
  const auto is = decode_progress(i.progress_record);
  if (!is || is->applied_index != applied_index) {
    return fail(ec::internal, "a state is not as of the index it was announced for");
  }
  return std::vector<raw_record>{
      {family::raft_meta, std::string(progress_key(i.at).view()), i.progress_record},
      {family::raft_meta, std::string(generation_key(i.at.shard).view()),
       encode_generation(i.at.generation)},
  };
}

generation_sweeper::generation_sweeper(database& db, std::uint16_t shard)
    : db_(db), shard_(shard), valid_(scope_of(db, shard).generation) {}

bool generation_sweeper::step(std::size_t keys, std::uint32_t spared) {
  while (family_ < state_families.size()) {
    if (in_family(keys, spared)) return true;
    ++family_;
    next_.clear();
  }
  old_progress(spared);
  return false;
}

/// True when `keys` ran out before the family did.
bool generation_sweeper::in_family(std::size_t& keys, std::uint32_t spared) {
  const auto f = state_families[family_];
  scan all(db_, f, shard_prefix(shard_), nullptr, true);
  if (const auto reached = parse_scope(next_); reached) {
    all.from(*rescoped(*reached, std::string_view(next_).substr(scope_bytes)));
  } else {
    all.first();
  }
  rocksdb::WriteBatch batch;
  bool more = false;
  while (all.valid()) {
    const auto at = position_or_throw(parse_scope(all.key_bytes()), f);
    if (at.generation == valid_ || at.generation == spared) {
      all.from(scope_prefix({shard_, at.generation}).end());
      continue;
    }
    if (keys == 0) {
      next_ = all.key_bytes();
      more = true;
      break;
    }
    --keys;
    stop_unless_ok(batch.Delete(db_.handle(f), all.key_bytes()), "gathering old records");
    all.next();
  }
  if (batch.Count() > 0) {
    stop_unless_ok(db_.rocks().Write({}, &batch), "deleting old records");
  }
  return more;
}

void generation_sweeper::old_progress(std::uint32_t spared) const {
  scan all(db_, family::raft_meta, progress_prefix(shard_));
  rocksdb::WriteBatch batch;
  for (all.first(); all.valid(); all.next()) {
    const auto at = position_or_throw(parse_raft_meta_key(all.key_bytes()), family::raft_meta);
    if (at.generation == valid_ || at.generation == spared) continue;
    stop_unless_ok(batch.Delete(db_.handle(family::raft_meta), all.key_bytes()),
                   "gathering old records");
  }
  if (batch.Count() > 0) {
    stop_unless_ok(db_.rocks().Write({}, &batch), "deleting old records");
  }
}

}  // namespace greenroom::store

// SPDX-License-Identifier: MIT
#include <rocksdb/db.h>

#include "store/keys.hpp"
#include "store/log.hpp"
#include "store/records.hpp"
#include "store/scan.hpp"

namespace greenroom::store {

namespace {

std::uint64_t index_at(const scan& at) {
  return position_or_throw(parse_log_key(at.key_bytes()), family::raft_log).index;
}

}  // namespace

bool is_retired(database& db, std::uint16_t shard) {
  rocksdb::PinnableSlice value;
  const auto s = db.rocks().Get(rocksdb::ReadOptions(), db.handle(family::raft_meta),
                                retired_key(shard).view(), &value);
  if (s.IsNotFound()) return false;
  throw_unless_ok(s, "reading whether shard " + std::to_string(shard) + " was retired");
  return true;
}

log_reader::log_reader(database& db, std::uint16_t shard) : db_(db), shard_(shard) {}

std::optional<log_mark> log_reader::mark() const {
  rocksdb::PinnableSlice value;
  const auto s = db_.rocks().Get(rocksdb::ReadOptions(), db_.handle(family::raft_meta),
                                 log_mark_key(shard_).view(), &value);
  if (s.IsNotFound()) return {};
  throw_unless_ok(s, "reading the log mark of shard " + std::to_string(shard_));
  return value_or_throw(decode_log_mark(value.ToStringView()));
}

std::uint64_t log_reader::begin() const {
  const auto at = mark();
  return at ? at->first : 0;
}

std::optional<hard_state> log_reader::hard() const {
  rocksdb::PinnableSlice value;
  const auto s = db_.rocks().Get(rocksdb::ReadOptions(), db_.handle(family::raft_meta),
                                 hard_state_key(shard_).view(), &value);
  if (s.IsNotFound()) return {};
  throw_unless_ok(s, "reading the hard state of shard " + std::to_string(shard_));
  return value_or_throw(decode_hard_state(value.ToStringView()));
}

std::vector<log_entry> log_reader::read(std::uint64_t from, std::size_t max_entries,
                                        std::size_t max_bytes) const {
  std::vector<log_entry> entries;
  std::size_t bytes = 0;
  scan at(db_, family::raft_log, log_prefix(shard_));
  for (at.from(log_key(shard_, from)); at.valid() && entries.size() < max_entries; at.next()) {
    bytes += at.value().size();
    if (bytes > max_bytes && !entries.empty()) break;
    const auto index = index_at(at);
    if (!entries.empty() && index != entries.back().index + 1) {
      throw damaged("damaged record raft_log: shard " + std::to_string(shard_) + " has no entry " +
                    std::to_string(entries.back().index + 1));
    }
    entries.push_back(value_or_throw(decode_log_entry(index, at.value())));
  }
  return entries;
}

std::uint64_t log_reader::first_index() const {
  scan at(db_, family::raft_log, log_prefix(shard_));
  at.from(log_key(shard_, begin()));
  return at.valid() ? index_at(at) : 0;
}

std::uint64_t log_reader::last_index() const {
  scan at(db_, family::raft_log, log_prefix(shard_));
  at.back_from(log_key(shard_, ~std::uint64_t{0}));
  const auto last = at.valid() ? index_at(at) : 0;
  return last < begin() ? 0 : last;
}

}  // namespace greenroom::store

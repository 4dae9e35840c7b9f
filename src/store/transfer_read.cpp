// SPDX-License-Identifier: MIT
#include <rocksdb/db.h>

#include <algorithm>
#include <optional>

#include "store/scan.hpp"
#include "store/shard_state_impl.hpp"
#include "store/transfer.hpp"
#include "store/transfer_impl.hpp"

namespace greenroom::store {

namespace {

void put_record(std::string& out, family f, std::string_view end, std::string_view value) {
  out.push_back(static_cast<char>(f));
  out.push_back(static_cast<char>(end.size()));
  for (int shift = 24; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(value.size() >> shift & 0xff));
  out += end;
  out += value;
}

std::string position_of(std::size_t family_at, std::string_view end) {
  std::string out(1, static_cast<char>(family_at));
  out += end;
  return out;
}

}  // namespace

struct state_source::impl {
  impl(database& from, std::uint16_t shard)
      : db(from), at(scope_of(from, shard)), moment(&from.rocks()) {
    // As of the moment, like everything that is read later.
    rocksdb::ReadOptions how;
    how.snapshot = moment.snapshot();
    rocksdb::PinnableSlice value;
    const auto s =
        db.rocks().Get(how, db.handle(family::raft_meta), progress_key(at).view(), &value);
    if (s.IsNotFound()) return;
    throw_unless_ok(s, "reading the progress of shard " + std::to_string(shard));
    is = value_or_throw(decode_progress(value.ToStringView()));
  }

  /// Puts the walk after `position`; false: that is none.
  bool go_to(std::string_view position) {
    if (walk && position == reached) return true;
    const auto family_at =
        position.empty() ? std::size_t{0} : static_cast<unsigned char>(position.front());
    if (family_at > state_families.size()) return false;
    open(family_at);
    if (position.size() <= 1 || !walk) return position.size() <= 1;
    const auto last = rescoped(at, position.substr(1));
    if (!last) return false;
    walk->from(*last);
    if (walk->valid() && walk->key_bytes() == last->view()) walk->next();
    return true;
  }

  void open(std::size_t family_at) {
    number = family_at;
    walk.reset();
    if (number == state_families.size()) return;
    walk.emplace(db, state_families[number], scope_prefix(at), moment.snapshot(), true);
    walk->first();
  }

  database& db;
  scope at;
  rocksdb::ManagedSnapshot moment;
  progress is;
  std::size_t number = 0;  ///< in state_families
  std::optional<scan> walk;
  std::string reached;
};

state_source::state_source(database& db, std::uint16_t shard)
    : impl_(std::make_unique<impl>(db, shard)) {}

state_source::~state_source() = default;

std::uint64_t state_source::applied_index() const noexcept {
  return impl_->is.applied_index;
}

expected<state_piece> state_source::read(std::string_view position, std::size_t bytes) {
  auto& i = *impl_;
  if (!i.go_to(position)) return fail(ec::internal, "no position in a state");
  state_piece piece;
  std::string end;
  while (i.walk && piece.data.size() < bytes) {
    if (!i.walk->valid()) {
      end.clear();
      i.open(i.number + 1);
      continue;
    }
    end = i.walk->key_bytes().substr(scope_bytes);
    put_record(piece.data, state_families[i.number], end, i.walk->value());
    i.walk->next();
  }
  if (!i.walk) {
    put_record(piece.data, family::raft_meta, {}, encode(i.is));
    piece.last = true;
  }
  piece.next = i.reached = position_of(i.number, end);
  return piece;
}

}  // namespace greenroom::store

// SPDX-License-Identifier: MIT
#include "raft/map_machine.hpp"

#include <rocksdb/db.h>

#include <utility>
#include <vector>

#include "placement/codec.hpp"
#include "raft/bytes.hpp"
#include "store/fatal.hpp"
#include "store/keys.hpp"
#include "telemetry/log.hpp"

namespace greenroom::raft {

namespace {

constexpr std::uint16_t map_shard = 0;
constexpr std::uint8_t record_version = 1;

/// One record, so that the map and the index it is of cannot disagree.
std::string encode_record(std::uint64_t applied, const placement::cluster_map& map) {
  std::string out;
  put(out, record_version);
  put(out, applied);
  out += placement::encode(map);
  return out;
}

}  // namespace

struct map_machine::impl {
  impl(store::database& to, listener tell) : db(to), on_applied(std::move(tell)) { load(); }

  void load() {
    std::string value;
    const auto s = db.rocks().Get({}, db.handle(store::family::raft_meta),
                                  store::map_key(map_shard).view(), &value);
    if (s.IsNotFound()) return;
    store::throw_unless_ok(s, "reading the cluster map");
    byte_reader in(value);
    if (in.get<std::uint8_t>() != record_version) {
      throw store::damaged("the record of the cluster map has an unknown version");
    }
    applied = in.get<std::uint64_t>();
    now = store::value_or_throw(placement::decode_map(in.take(in.left())));
    visible = std::make_shared<const placement::cluster_map>(now);
  }

  store::database& db;
  listener on_applied;
  std::uint64_t applied = 0;
  placement::cluster_map now;
  std::shared_ptr<const placement::cluster_map> visible =
      std::make_shared<const placement::cluster_map>();
  std::vector<applied_change> changes;  ///< of entries that are not visible yet
};

map_machine::map_machine(store::database& db, listener on_applied)
    : impl_(std::make_unique<impl>(db, std::move(on_applied))) {}

map_machine::~map_machine() = default;

std::shared_ptr<const placement::cluster_map> map_machine::map() const {
  return impl_->visible;
}

std::uint64_t map_machine::applied_index() const {
  return impl_->applied;
}

void map_machine::apply(const committed_entry& entry) {
  applied_change change{.index = entry.index, .tag = entry.tag, .failure = {}, .map = {}};
  if (const auto command = placement::decode_command(entry.data); !command) {
    // Every replica has the same bytes and goes the same way: nothing changes, and it is told.
    telemetry::log("raft").error("cluster map: entry {} is not a command: {}", entry.index,
                                 command.error().message);
    change.failure = error{ec::internal, "the command could not be read"};
  } else if (const auto done = placement::apply(*command, impl_->now); !done) {
    change.failure = done.error();
  }
  impl_->changes.push_back(std::move(change));
}

void map_machine::commit(std::uint64_t index) {
  auto& i = *impl_;
  // Without a sync, like all state: the log has everything.
  const auto s = i.db.rocks().Put({}, i.db.handle(store::family::raft_meta),
                                  store::map_key(map_shard).view(), encode_record(index, i.now));
  store::stop_unless_ok(s, "writing the cluster map");
  i.applied = index;
  if (i.now != *i.visible) i.visible = std::make_shared<const placement::cluster_map>(i.now);
  auto changes = std::exchange(i.changes, {});
  if (!i.on_applied) return;
  for (auto& change : changes) {
    change.map = i.visible;
    i.on_applied(std::move(change));
  }
}

}  // namespace greenroom::raft

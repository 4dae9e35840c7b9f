// SPDX-License-Identifier: MIT
#include "raft/map_machine.hpp"

#include <rocksdb/db.h>

#include <utility>
#include <vector>

#include "placement/codec.hpp"
#include "raft/map_record.hpp"
#include "store/fatal.hpp"
#include "store/keys.hpp"
#include "telemetry/log.hpp"

namespace greenroom::raft {

namespace {

constexpr std::uint16_t map_shard = 0;

/// Small: one piece, whatever is asked for.
class map_stream final : public state_stream {
 public:
  explicit map_stream(std::string record) : record_(std::move(record)) {}
  expected<store::state_piece> read(std::string_view, std::size_t) override {
    return store::state_piece{record_, "end", true};
  }

 private:
  std::string record_;
};

class map_intake final : public state_intake {
 public:
  expected<void> add(std::string_view piece) override {
    record_ = piece;
    return {};
  }
  expected<std::vector<store::raw_record>> finish(std::uint64_t applied_index) override {
    const auto r = decode_map_record(record_);
    if (!r) return tl::unexpected(r.error());
    if (r->applied != applied_index) return fail(ec::internal, "the map is as of another index");
    return std::vector<store::raw_record>{
        {store::family::raft_meta, std::string(store::map_key(map_shard).view()), record_}};
  }

 private:
  std::string record_;
};

}  // namespace

struct map_machine::impl {
  impl(store::database& to, listener tell) : db(to), on_applied(std::move(tell)) { load(); }

  void load() {
    std::string value;
    const auto s = db.rocks().Get({}, db.handle(store::family::raft_meta),
                                  store::map_key(map_shard).view(), &value);
    if (s.IsNotFound()) return;
    store::throw_unless_ok(s, "reading the cluster map");
    auto r = store::value_or_throw(decode_map_record(value));
    applied = r.applied;
    now = std::move(r.map);
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

std::unique_ptr<state_stream> map_machine::read_state() {
  return std::make_unique<map_stream>(encode_map_record(impl_->applied, impl_->now));
}

std::unique_ptr<state_intake> map_machine::write_state() {
  return std::make_unique<map_intake>();
}

void map_machine::replaced() {
  auto& i = *impl_;
  i.load();
  if (i.on_applied) i.on_applied({.index = i.applied, .tag = 0, .failure = {}, .map = i.visible});
}

void map_machine::commit(std::uint64_t index) {
  auto& i = *impl_;
  // Without a sync, like all state: the log has everything.
  const auto s =
      i.db.rocks().Put({}, i.db.handle(store::family::raft_meta), store::map_key(map_shard).view(),
                       encode_map_record(index, i.now));
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

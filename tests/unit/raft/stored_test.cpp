// SPDX-License-Identifier: MIT
#include <array>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>

#include "placement/codec.hpp"
#include "raft/chat_machine.hpp"
#include "raft/map_machine.hpp"
#include "raft/replica.hpp"
#include "store/commands.hpp"
#include "store/shard_reader.hpp"
#include "support/temporary_folder.hpp"

namespace greenroom::raft::test {

namespace {

constexpr server_id me = 5;
constexpr steady_ms start_time = 1000;

struct scratch {
  greenroom::test::temporary_folder own;
  const std::filesystem::path& folder = own.path();
};

/// The owner: waits for the writer's thread, which is not what a real one does.
struct waiting_host final : replica_host {
  void send(server_id, std::string) override {}
  void role_changed(role now, std::uint64_t t, server_id) override {
    is = now;
    term = t;
  }
  void dropped(std::uint64_t, bool) override { ++drops; }
  void synced(std::uint64_t token) override {
    const std::lock_guard lock(mutex);
    tokens.push_back(token);
    arrived.notify_one();
  }
  std::uint64_t wait() {
    std::unique_lock lock(mutex);
    arrived.wait(lock, [this] { return !tokens.empty(); });
    const auto token = tokens.front();
    tokens.pop_front();
    return token;
  }

  role is = role::follower;
  std::uint64_t term = 0;
  int drops = 0;
  std::mutex mutex;
  std::condition_variable arrived;
  std::deque<std::uint64_t> tokens;
};

struct open_store {
  explicit open_store(const std::filesystem::path& folder) {
    auto opened = store::database::open(folder, {});
    if (!opened) FAIL(opened.error().message);
    db = std::move(*opened);
    writer.emplace(*db, store::durability::os);
  }
  std::unique_ptr<store::database> db;
  std::optional<store::log_writer> writer;
};

/// Steps the replica until everything proposed is answered.
void settle(replica& r, waiting_host& host) {
  while (r.status().inflight > 0)
    r.on_synced(host.wait(), start_time);
}

void begin(replica& r) {
  REQUIRE(r.bootstrap(std::array{server{me, true}}));
  const auto started = r.start(start_time);
  if (!started) FAIL(started.error().message);
}

uuid id(std::uint8_t n) {
  uuid u;
  u.bytes[15] = n;
  return u;
}

std::string registration(const std::string& name, unix_ms time) {
  chat::register_user r;
  r.from = {user_id_of(name), id(1), 1};
  r.account.id = user_id_of(name);
  r.account.username = name;
  r.first_session.id = id(2);
  r.first_session.user_id = r.account.id;
  return store::encode(chat::command{time, r});
}

placement::form_cluster forming() {
  placement::form_cluster c;
  c.cluster_id = id(9);
  c.shard_count = 4;
  c.first_node = {id(1), "n1", "10.0.0.1:4000", "0.1.0", placement::node_state::active, 7};
  c.first_key = {"k1", std::string(placement::key_secret_bytes, 'k'), 7, false};
  c.fingerprint_key = std::string(placement::fingerprint_key_bytes, 'f');
  return c;
}

}  // namespace

TEST_CASE("commands are applied to the store, told in order, and not again after a restart") {
  const scratch disk;
  const auto bob = user_id_of("bob");
  std::uint64_t applied_index = 0;
  {
    open_store s(disk.folder);
    waiting_host host;
    std::vector<applied_command> told;
    chat_machine state(*s.db, 3, [&](applied_command&& c) {
      // What is told is visible.
      if (std::holds_alternative<chat::session_granted>(c.outcome.answer)) {
        CHECK(store::shard_reader(*s.db, 3).find_user(bob));
      }
      told.push_back(std::move(c));
    });
    replica r({.shard = 3, .self = me}, *s.db, *s.writer, state, host);
    begin(r);
    CHECK(host.is == role::leader);
    REQUIRE(r.propose(1, registration("bob", 5000), start_time));
    REQUIRE(r.propose(2, registration("bob", 4000), start_time));
    REQUIRE(r.propose(3, "no command at all", start_time));
    settle(r, host);
    REQUIRE(told.size() == 3);
    for (std::size_t i = 0; i < told.size(); ++i) {
      CHECK(told[i].tag == i + 1);
      CHECK(told[i].index == i + 2);
      CHECK(told[i].term == host.term);
      // The time of a shard never falls.
      CHECK(told[i].time == 5000);
    }
    CHECK(std::holds_alternative<chat::session_granted>(told[0].outcome.answer));
    CHECK(told[1].outcome.duplicate);
    REQUIRE(std::holds_alternative<error>(told[2].outcome.answer));
    CHECK(std::get<error>(told[2].outcome.answer).code == ec::internal);
    applied_index = state.applied_index();
    CHECK(applied_index == 4);
  }
  open_store s(disk.folder);
  waiting_host host;
  int told = 0;
  chat_machine state(*s.db, 3, [&](applied_command&&) { ++told; });
  CHECK(state.applied_index() == applied_index);
  replica r({.shard = 3, .self = me}, *s.db, *s.writer, state, host);
  begin(r);
  CHECK(told == 0);
  CHECK(host.term == 3);
  CHECK(store::shard_reader(*s.db, 3).find_user(bob));
  REQUIRE(r.propose(9, registration("eve", 6000), start_time));
  settle(r, host);
  CHECK(told == 1);
}

TEST_CASE("a state that lags behind its log is brought up to it at the start") {
  const scratch disk;
  open_store s(disk.folder);
  waiting_host host;
  {
    // A machine that keeps nothing: as if all of the state's writes had been lost.
    struct nothing final : machine {
      [[nodiscard]] std::uint64_t applied_index() const override { return 0; }
      void apply(const committed_entry&) override {}
      void commit(std::uint64_t) override {}
    } state;
    replica r({.shard = 3, .self = me}, *s.db, *s.writer, state, host);
    begin(r);
    REQUIRE(r.propose(1, registration("bob", 5000), start_time));
    settle(r, host);
  }
  host.tokens.clear();
  std::vector<applied_command> told;
  chat_machine state(*s.db, 3, [&](applied_command&& c) { told.push_back(std::move(c)); });
  replica r({.shard = 3, .self = me}, *s.db, *s.writer, state, host);
  begin(r);
  REQUIRE(told.size() == 1);
  CHECK(told[0].tag == 0);
  CHECK(store::shard_reader(*s.db, 3).find_user(user_id_of("bob")));
}

TEST_CASE("the cluster map is the state of shard 0 and survives a restart") {
  const scratch disk;
  {
    open_store s(disk.folder);
    waiting_host host;
    std::vector<map_machine::applied_change> told;
    map_machine state(*s.db,
                      [&](map_machine::applied_change&& c) { told.push_back(std::move(c)); });
    REQUIRE(state.map());
    CHECK(state.map()->cluster_id.is_nil());
    replica r({.shard = 0, .self = me}, *s.db, *s.writer, state, host);
    begin(r);
    REQUIRE(r.propose(1, placement::encode(placement::command(forming())), start_time));
    settle(r, host);
    auto other = forming();
    other.cluster_id = id(10);
    REQUIRE(r.propose(2, placement::encode(placement::command(other)), start_time));
    REQUIRE(r.propose(3, "no command at all", start_time));
    settle(r, host);
    REQUIRE(told.size() == 3);
    CHECK_FALSE(told[0].failure);
    CHECK(told[0].map->cluster_id == id(9));
    REQUIRE(told[1].failure);
    CHECK(told[1].failure->code == ec::conflict);
    REQUIRE(told[2].failure);
    CHECK(told[2].failure->code == ec::internal);
    CHECK(state.map()->epoch == 1);
    // A refusal makes no new map.
    CHECK(told[2].map == told[0].map);
  }
  open_store s(disk.folder);
  waiting_host host;
  int told = 0;
  map_machine state(*s.db, [&](map_machine::applied_change&&) { ++told; });
  CHECK(state.applied_index() == 4);
  CHECK(state.map()->cluster_id == id(9));
  CHECK(state.map()->keys.size() == 1);
  replica r({.shard = 0, .self = me}, *s.db, *s.writer, state, host);
  begin(r);
  CHECK(told == 0);
}

TEST_CASE("replicas of several shards share one writer") {
  const scratch disk;
  open_store s(disk.folder);
  constexpr std::uint16_t shards = 8;
  std::array<waiting_host, shards> hosts;
  std::array<int, shards> told{};
  std::vector<std::unique_ptr<chat_machine>> states;
  std::vector<std::unique_ptr<replica>> replicas;
  for (std::uint16_t i = 0; i < shards; ++i) {
    states.push_back(
        std::make_unique<chat_machine>(*s.db, i, [&told, i](applied_command&&) { ++told[i]; }));
    replicas.push_back(std::make_unique<replica>(replica_options{.shard = i, .self = me}, *s.db,
                                                 *s.writer, *states.back(), hosts[i]));
    begin(*replicas.back());
  }
  for (int n = 1; n <= 50; ++n) {
    for (auto& r : replicas) {
      REQUIRE(r->propose(static_cast<std::uint64_t>(n), registration("u" + std::to_string(n), n),
                         start_time));
    }
  }
  for (std::size_t i = 0; i < replicas.size(); ++i)
    settle(*replicas[i], hosts[i]);
  for (const auto n : told)
    CHECK(n == 50);
}

TEST_CASE("a replica may go while its last write is on its way") {
  const scratch disk;
  open_store s(disk.folder);
  for (int i = 0; i < 50; ++i) {
    auto host = std::make_unique<waiting_host>();
    chat_machine state(*s.db, 3, {});
    auto r = std::make_unique<replica>(replica_options{.shard = 3, .self = me}, *s.db, *s.writer,
                                       state, *host);
    begin(*r);
    REQUIRE(r->propose(1, registration("bob", 5000), start_time));
    // The first write is told; the second is not waited for.
    r->on_synced(host->wait(), start_time);
    r.reset();
    host.reset();
    // A reopened log must not change under its reader.
    std::mutex done;
    std::condition_variable told;
    bool is_done = false;
    s.writer->append({.shard = 3, .hard = {}, .truncate_from = 0, .entries = {}, .synced = [&] {
                        const std::lock_guard lock(done);
                        is_done = true;
                        told.notify_one();
                      }});
    std::unique_lock lock(done);
    told.wait(lock, [&] { return is_done; });
  }
}

}  // namespace greenroom::raft::test

// SPDX-License-Identifier: MIT
// States that go from one real store to another.
#include <rocksdb/db.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <future>
#include <mutex>
#include <optional>

#include "placement/codec.hpp"
#include "raft/chat_machine.hpp"
#include "raft/map_machine.hpp"
#include "raft/replica.hpp"
#include "store/commands.hpp"
#include "store/keys.hpp"
#include "store/shard_reader.hpp"
#include "store/shard_state.hpp"
#include "support/temporary_folder.hpp"

namespace greenroom::raft::test {

namespace {

constexpr std::uint16_t shard = 3;

struct letter {
  server_id from = 0;
  server_id to = 0;
  std::string bytes;
  bool transfer = false;
};

/// A node with one replica, on a disk of its own.
template <class Machine>
struct node final : replica_host {
  node(server_id me, std::deque<letter>& to) : id(me), post(to) {}
  ~node() override { stop(); }
  node(const node&) = delete;
  node& operator=(const node&) = delete;

  void start(bool found, steady_ms now) {
    auto opened = store::database::open(folder, {});
    REQUIRE(opened);
    db = std::move(*opened);
    writer.emplace(*db, store::durability::os);
    if constexpr (std::is_same_v<Machine, map_machine>) {
      state.emplace(*db, nullptr);
    } else {
      state.emplace(*db, shard, nullptr);
    }
    replica_options o;
    o.shard = std::is_same_v<Machine, map_machine> ? 0 : shard;
    o.self = id;
    o.log_entries_max = 16;
    o.log_kept = 4;
    o.transfer.piece_bytes = 300;
    o.transfer.old_state_ms = 50;
    run.emplace(o, *db, *writer, *state, *this);
    if (found) REQUIRE(run->bootstrap(std::array{server{id, true}}));
    REQUIRE(run->start(now));
  }
  void stop() {
    run.reset();
    state.reset();
    writer.reset();
    db.reset();
    tokens.clear();
  }

  void send(server_id to, std::string m) override { post.push_back({id, to, std::move(m)}); }
  void send_transfer(server_id to, std::string m) override {
    post.push_back({id, to, std::move(m), true});
  }
  void role_changed(role, std::uint64_t, server_id) override {}
  void dropped(std::uint64_t, bool) override {}
  void synced(std::uint64_t token) override {
    const std::lock_guard lock(mutex);
    tokens.push_back(token);
  }
  void state_replaced() override { ++replaced; }

  /// What was given to the disk is there.
  void settle(steady_ms now) {
    std::promise<void> done;
    writer->append({.shard = 99, .hard = {}, .truncate_from = 0, .entries = {}, .synced = [&done] {
                      done.set_value();
                    }});
    done.get_future().wait();
    std::vector<std::uint64_t> all;
    {
      const std::lock_guard lock(mutex);
      all.swap(tokens);
    }
    for (const auto token : all)
      run->on_synced(token, now);
  }

  server_id id;
  std::deque<letter>& post;
  greenroom::test::temporary_folder own;
  const std::filesystem::path& folder = own.path();
  std::unique_ptr<store::database> db;
  std::optional<store::log_writer> writer;
  std::optional<Machine> state;
  std::optional<replica> run;
  std::mutex mutex;
  std::vector<std::uint64_t> tokens;
  int replaced = 0;
};

template <class Machine>
struct pair_of_nodes {
  pair_of_nodes() {
    a.start(true, now);
    b.start(false, now);
  }
  void step() {
    ++now;
    a.settle(now);
    b.settle(now);
    for (auto batch = std::exchange(post, {}); !batch.empty(); batch.pop_front()) {
      const auto& l = batch.front();
      if (is_cut) continue;
      auto& to = l.to == a.id ? a : b;
      if (l.transfer) {
        to.run->receive_transfer(l.from, l.bytes, now);
      } else {
        to.run->receive(l.from, l.bytes, now);
      }
    }
    a.run->on_time(now);
    b.run->on_time(now);
  }
  template <class Condition>
  void until(Condition met) {
    for (int i = 0; i < 20'000 && !met(); ++i)
      step();
    REQUIRE(met());
  }
  void propose(std::string data) {
    REQUIRE(a.run->propose(1, std::move(data), now));
    until([&] { return a.run->status().inflight == 0; });
  }
  void until_equal() {
    until([&] {
      return b.run->status().applied_index == a.run->status().applied_index &&
             b.run->status().commit_index == a.run->status().last_index;
    });
  }

  std::deque<letter> post;
  node<Machine> a{1, post};
  node<Machine> b{2, post};
  steady_ms now = 1000;
  bool is_cut = false;
};

std::string name_of(unsigned n) {
  return "user" + std::to_string(n);
}

std::string registration(unsigned n) {
  chat::register_user r;
  r.from = {user_id_of(name_of(n)), user_id_of("m" + std::to_string(n)), 1};
  r.account.id = user_id_of(name_of(n));
  r.account.username = name_of(n);
  r.first_session.id = user_id_of("s" + std::to_string(n));
  r.first_session.user_id = r.account.id;
  return store::encode(chat::command{5000 + n, r});
}

std::size_t records(store::database& db, store::family f) {
  std::unique_ptr<rocksdb::Iterator> all(db.rocks().NewIterator({}, db.handle(f)));
  std::size_t n = 0;
  for (all->SeekToFirst(); all->Valid(); all->Next())
    ++n;
  return n;
}

}  // namespace

TEST_CASE("a node with an empty store gets a shard, and gets it again when it was away for long") {
  pair_of_nodes<chat_machine> w;
  unsigned users = 0;
  const auto more = [&](unsigned n) {
    for (const auto end = users + n; users < end; ++users)
      w.propose(registration(users));
  };
  const auto check = [&](node<chat_machine>& n) {
    const store::shard_reader reader(*n.db, shard);
    for (unsigned u = 0; u < users; ++u)
      CHECK(reader.find_user(user_id_of(name_of(u))));
  };
  more(60);
  CHECK(w.a.run->status().first_index > 30);
  REQUIRE(w.a.run->add(2, w.now));
  w.until_equal();
  CHECK(w.b.replaced == 1);
  CHECK(w.b.run->group().find(2) != nullptr);
  check(w.b);
  REQUIRE(w.a.run->promote(2, w.now));
  w.until([&] { return w.a.run->group().committed; });
  REQUIRE(w.a.run->remove(2, w.now));
  w.until([&] { return w.a.run->group().committed; });
  CHECK(w.a.run->status().role == role::leader);

  // Away, and back as a server without a vote.
  w.is_cut = true;
  more(60);
  w.is_cut = false;
  REQUIRE(w.a.run->add(2, w.now));
  w.until_equal();
  CHECK(w.b.replaced == 2);
  check(w.b);
  CHECK(store::shard_state(*w.b.db, shard).generation() == 3);
  // What the first state has left is cleared away in time.
  w.until([&] { return records(*w.b.db, store::family::user) == users; });
  CHECK(records(*w.b.db, store::family::dedup) == users);

  w.a.stop();
  w.b.stop();
  w.a.start(false, w.now);
  w.b.start(false, w.now);
  CHECK(w.b.run->status().applied_index >= 120);
  more(5);
  w.until_equal();
  check(w.a);
  check(w.b);
}

TEST_CASE("what a crash left of an installation is cleared away at the next start") {
  pair_of_nodes<chat_machine> w;
  for (unsigned u = 0; u < 60; ++u)
    w.propose(registration(u));
  REQUIRE(w.a.run->add(2, w.now));
  w.until([&] { return w.b.run->status().fetched_bytes > 2000; });
  CHECK(records(*w.b.db, store::family::room_log) + records(*w.b.db, store::family::user) > 0);
  w.b.stop();
  w.b.start(false, w.now);
  CHECK(w.b.run->status().applied_index == 0);
  CHECK(store::shard_reader(*w.b.db, shard).users({}, {}, 100).users.empty());
  w.is_cut = true;
  w.until([&] { return records(*w.b.db, store::family::user) == 0; });
  w.is_cut = false;
  w.until_equal();
  CHECK(store::shard_reader(*w.b.db, shard).users({}, {}, 100).users.size() == 60);
}

TEST_CASE("the cluster map goes to another node as a whole") {
  pair_of_nodes<map_machine> w;
  uuid one;
  one.bytes[15] = 1;
  placement::form_cluster c;
  c.cluster_id = one;
  c.shard_count = 4;
  c.first_node = {one, "n1", "10.0.0.1:4000", "0.1.0", placement::node_state::active, 7};
  c.first_key = {"k1", std::string(placement::key_secret_bytes, 'k'), 7, false};
  c.fingerprint_key = std::string(placement::fingerprint_key_bytes, 'f');
  for (int i = 0; i < 40; ++i)
    w.propose(placement::encode(placement::command{c}));
  CHECK(w.a.run->status().first_index > 1);
  REQUIRE(w.a.run->add(2, w.now));
  w.until_equal();
  CHECK(w.b.replaced == 1);
  CHECK(*w.b.state->map() == *w.a.state->map());
  CHECK(w.b.state->map()->cluster_id == one);
  w.b.stop();
  w.b.start(false, w.now);
  CHECK(*w.b.state->map() == *w.a.state->map());
}

}  // namespace greenroom::raft::test

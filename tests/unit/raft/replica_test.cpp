// SPDX-License-Identifier: MIT
#include <array>
#include <optional>
#include <string>

#include "raft/wire.hpp"
#include "unit/raft/fakes.hpp"

namespace greenroom::raft::test {

namespace {

constexpr server_id me = 7;

struct quiet_host final : replica_host {
  void send(server_id to, std::string m) override { sent.emplace_back(to, std::move(m)); }
  void role_changed(role now, std::uint64_t t, server_id l) override {
    is = now;
    term = t;
    leader = l;
  }
  void dropped(std::uint64_t tag, bool never_written) override {
    drops.emplace_back(tag, never_written);
  }
  void synced(std::uint64_t token) override {
    // The owner is told later, as an actor would be.
    tokens.push_back(token);
  }

  role is = role::follower;
  std::uint64_t term = 0;
  server_id leader = 0;
  std::vector<std::pair<server_id, std::string>> sent;
  std::vector<std::pair<std::uint64_t, bool>> drops;
  std::vector<std::uint64_t> tokens;
};

/// One replica with a disk that only syncs on demand.
struct bench {
  explicit bench(replica_options o = {}) : options(o) {
    options.self = me;
    options.shard = 3;
  }
  void open(std::vector<server> servers = {{me, true}}) {
    host.tokens.clear();
    node.emplace(options, std::make_unique<fake_log>(disk), state, host);
    REQUIRE(node->bootstrap(servers));
    REQUIRE(node->start(now));
  }
  void sync() {
    while (disk.pending() > 0)
      disk.sync_one();
    deliver();
  }
  void sync_one() {
    disk.sync_one();
    deliver();
  }
  void deliver() {
    for (const auto token : std::exchange(host.tokens, {}))
      node->on_synced(token, ++now);
  }
  void settle() {
    while (disk.pending() > 0)
      sync();
  }
  void crash(std::uint64_t commits_kept) {
    node.reset();
    disk.lose_power();
    state.crash(commits_kept);
  }
  [[nodiscard]] std::vector<std::pair<std::uint64_t, std::string>> applied() const {
    std::vector<std::pair<std::uint64_t, std::string>> out;
    for (const auto& e : state.applied())
      out.emplace_back(e.tag, e.data);
    return out;
  }

  replica_options options;
  fake_disk disk;
  fake_machine state{disk};
  quiet_host host;
  std::optional<replica> node;
  steady_ms now = 1000;
};

using applied_list = std::vector<std::pair<std::uint64_t, std::string>>;

}  // namespace

TEST_CASE("a group of one leads at once and applies in order with tags") {
  bench b;
  b.open();
  CHECK(b.host.is == role::leader);
  CHECK(b.host.leader == me);
  CHECK(b.host.term == 2);

  REQUIRE(b.node->propose(11, "a", b.now));
  REQUIRE(b.node->propose(12, "b", b.now));
  CHECK(b.applied().empty());
  CHECK(b.node->status().inflight == 2);
  b.settle();
  CHECK(b.applied() == applied_list{{11, "a"}, {12, "b"}});
  CHECK(b.node->status().inflight == 0);
  CHECK(b.node->status().applied_index == 3);
  CHECK(b.state.applied().back().term == 2);
}

TEST_CASE("nothing is applied before its entry is synced") {
  bench b;
  b.open();
  b.settle();
  REQUIRE(b.node->propose(1, "a", b.now));
  REQUIRE(b.disk.pending() == 1);
  for (int i = 0; i < 20; ++i) {
    b.now += 1000;
    b.node->on_time(b.now);
  }
  CHECK(b.applied().empty());
  // On the disk, but the replica does not know yet.
  b.disk.sync_one();
  b.node->on_time(b.now += 1000);
  CHECK(b.applied().empty());
  b.deliver();
  CHECK(b.applied().size() == 1);
  CHECK(b.node->status().role == role::leader);
}

TEST_CASE("proposals that gather while a batch is synced go together in the next") {
  bench b;
  b.open();
  for (std::uint64_t tag = 1; tag <= 100; ++tag) {
    REQUIRE(b.node->propose(tag, std::to_string(tag), b.now));
  }
  // The term is on its way to the disk, nothing else.
  REQUIRE(b.disk.pending() == 1);
  CHECK(b.disk.next().hard == store::hard_state{.term = 2, .voted_for = me});
  CHECK(b.disk.next().entries.empty());
  b.sync_one();
  REQUIRE(b.disk.pending() == 1);
  CHECK(b.disk.next().entries.size() == 100);
  CHECK_FALSE(b.disk.next().hard);
  for (std::uint64_t tag = 101; tag <= 150; ++tag) {
    REQUIRE(b.node->propose(tag, std::to_string(tag), b.now));
  }
  CHECK(b.disk.pending() == 1);
  b.sync_one();
  CHECK(b.applied().size() == 100);
  REQUIRE(b.disk.pending() == 1);
  CHECK(b.disk.next().entries.size() == 50);
  b.sync_one();
  CHECK(b.applied().size() == 150);
  CHECK(b.state.commits().size() <= 4);
}

TEST_CASE("too many proposals and too large ones are refused") {
  bench b({.inflight_max = 3});
  b.open();
  for (std::uint64_t tag = 1; tag <= 3; ++tag)
    REQUIRE(b.node->propose(tag, "x", b.now));
  const auto refused = b.node->propose(4, "x", b.now);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ec::unavailable);
  b.settle();
  const auto large = b.node->propose(5, std::string(wire_limits::entry_bytes_max + 1, 'x'), b.now);
  REQUIRE_FALSE(large);
  CHECK(large.error().code == ec::too_large);
  CHECK(b.node->propose(6, "x", b.now));
}

TEST_CASE("a restart replays what the state has not, and skips what it has") {
  bench b;
  b.open();
  b.settle();
  for (std::uint64_t tag = 1; tag <= 10; ++tag) {
    REQUIRE(b.node->propose(tag, std::to_string(tag), b.now));
    b.settle();
  }
  const auto commits = b.state.commits().size();
  const auto before = b.state.applied().size();
  REQUIRE(before == 10);

  b.crash(commits - 4);
  REQUIRE(b.state.applied().size() == 6);
  b.open();
  // The log is on the disk: its replay waits for nothing, only new proposals wait for the term.
  CHECK(b.state.applied().size() == 10);
  CHECK(b.state.applied().back().data == "10");
  CHECK(b.state.applied().back().tag == 0);
  CHECK(b.host.term == 3);
  REQUIRE(b.node->propose(77, "after", b.now));
  b.settle();
  CHECK(b.applied().back() == std::pair<std::uint64_t, std::string>{77, "after"});
}

TEST_CASE("a crash forgets what was not synced, and the place is used again in another term") {
  bench b;
  b.open();
  b.settle();
  REQUIRE(b.node->propose(1, "kept", b.now));
  b.settle();
  REQUIRE(b.node->propose(2, "lost", b.now));
  b.crash(1000);
  b.open();
  REQUIRE(b.node->propose(3, "next", b.now));
  b.settle();
  CHECK(b.applied() == applied_list{{1, "kept"}, {3, "next"}});
  CHECK(b.disk.entries().at(3).term == 3);
}

TEST_CASE("a long history is loaded in parts and replayed within the budget") {
  bench b({.cached_log_bytes = 16 << 10, .inflight_max = 20000});
  b.open();
  for (std::uint64_t tag = 1; tag <= 20000; ++tag)
    REQUIRE(b.node->propose(tag, "0123456789", b.now));
  b.settle();
  REQUIRE(b.state.applied().size() == 20000);
  b.crash(0);
  REQUIRE(b.state.applied().empty());
  b.open();
  CHECK(b.state.applied().size() == 20000);
  CHECK(b.node->status().last_index == 20001);
}

TEST_CASE("what is gathered goes into one write, with what is under way or when it is told to") {
  bench b;
  b.open();
  b.settle();
  for (const std::uint64_t tag : {1, 2, 3})
    REQUIRE(b.node->enqueue(tag, std::to_string(tag), b.now));
  CHECK(b.disk.pending() == 0);
  CHECK(b.node->status().inflight == 3);
  b.node->submit(b.now);
  REQUIRE(b.disk.pending() == 1);
  REQUIRE(b.node->enqueue(4, "4", b.now));
  b.node->submit(b.now);
  CHECK(b.disk.pending() == 1);
  b.sync_one();
  CHECK(b.applied() == applied_list{{1, "1"}, {2, "2"}, {3, "3"}});
  REQUIRE(b.disk.pending() == 1);
  b.sync_one();
  CHECK(b.applied().size() == 4);
}

TEST_CASE("who does not lead refuses to gather") {
  bench b;
  b.open({{me, true}, {8, true}, {9, true}});
  b.settle();
  CHECK_FALSE(b.node->enqueue(1, "a", b.now));
}

TEST_CASE("a machine may propose while it commits") {
  bench b;
  bool again = true;
  b.state.on_commit = [&](std::uint64_t) {
    if (b.state.applied().empty() || !std::exchange(again, false)) return;
    REQUIRE(b.node->propose(2, "second", b.now));
  };
  b.open();
  REQUIRE(b.node->propose(1, "first", b.now));
  b.settle();
  CHECK(b.applied() == applied_list{{1, "first"}, {2, "second"}});
}

TEST_CASE("who does not lead refuses, and asks nobody before its term is synced") {
  bench b;
  b.open({{me, true}, {8, true}, {9, true}});
  CHECK(b.host.is == role::follower);
  const auto refused = b.node->propose(1, "x", b.now);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ec::unavailable);
  CHECK_FALSE(b.node->transfer(8, b.now));

  // The pre-vote asks without a new term, so it may go at once.
  b.now += 5000;
  b.node->on_time(b.now);
  REQUIRE(b.host.is == role::candidate);
  REQUIRE(b.host.sent.size() == 2);
  CHECK(std::get<request_vote>(*decode_message(b.host.sent[0].second)).pre_vote);
  b.host.sent.clear();

  b.node->receive(8, encode(vote_result{.term = 2, .granted = true, .pre_vote = true}), b.now);
  CHECK(b.host.term == 2);
  CHECK(b.host.sent.empty());
  b.sync();
  REQUIRE(b.host.sent.size() == 2);
  const auto asked = std::get<request_vote>(*decode_message(b.host.sent[0].second));
  CHECK_FALSE(asked.pre_vote);
  CHECK(asked.term == 2);
  CHECK(asked.last_index == 1);
}

TEST_CASE("a vote is told only after it is on the disk") {
  bench b;
  b.open({{me, true}, {8, true}, {9, true}});
  b.node->receive(
      8, encode(request_vote{.term = 5, .candidate = 8, .last_index = 1, .last_term = 1}), b.now);
  CHECK(b.host.sent.empty());
  REQUIRE(b.disk.pending() == 1);
  CHECK(b.disk.next().hard == store::hard_state{.term = 5, .voted_for = 8});
  b.sync();
  REQUIRE(b.host.sent.size() == 1);
  CHECK(std::get<vote_result>(*decode_message(b.host.sent[0].second)).granted);
}

TEST_CASE("what was replaced on its way to the disk is not confirmed when it gets there") {
  bench b;
  b.open({{me, true}, {8, true}, {9, true}});
  const auto entries_of = [](std::uint64_t term, std::size_t count) {
    append_entries m{.term = term, .prev_index = 1, .prev_term = 1, .commit = 1, .entries = {}};
    for (std::size_t i = 0; i < count; ++i) {
      m.entries.push_back({.index = 2 + i,
                           .term = term,
                           .type = static_cast<std::uint8_t>(entry_kind::command),
                           .data = std::make_shared<const std::string>("x")});
    }
    return encode(m);
  };
  b.node->receive(8, entries_of(2, 3), b.now);
  b.node->receive(9, entries_of(3, 1), b.now);
  REQUIRE(b.disk.pending() == 2);
  CHECK(b.node->status().last_index == 2);
  b.sync_one();
  CHECK(b.disk.last_index() == 4);
  CHECK(b.node->status().synced_index == 1);
  CHECK(b.host.sent.empty());
  b.sync_one();
  CHECK(b.disk.last_index() == 2);
  CHECK(b.node->status().synced_index == 2);
  REQUIRE(b.host.sent.size() == 1);
  CHECK(b.host.sent[0].first == 9);
  CHECK(std::get<append_result>(*decode_message(b.host.sent[0].second)) ==
        append_result{.term = 3, .rejected = 0, .last_index = 2});
}

TEST_CASE("a log that is shorter than the state is refused") {
  bench b;
  b.open();
  REQUIRE(b.node->propose(1, "x", b.now));
  b.settle();
  b.node.reset();
  fake_disk empty;
  replica other(b.options, std::make_unique<fake_log>(empty), b.state, b.host);
  const auto started = other.start(b.now);
  REQUIRE_FALSE(started);
  CHECK(started.error().message.find("ahead of the log") != std::string::npos);
}

TEST_CASE("bootstrap keeps a log that is there") {
  bench b;
  b.open();
  REQUIRE(b.node->propose(1, "x", b.now));
  b.settle();
  b.crash(1000);
  b.open({{8, true}});
  CHECK(b.host.is == role::leader);
  CHECK(b.disk.entries().at(1).term == 1);
}

TEST_CASE("a group that cannot be one is refused") {
  fake_disk disk;
  fake_machine state(disk);
  quiet_host host;
  replica node({.self = me}, std::make_unique<fake_log>(disk), state, host);
  CHECK_FALSE(node.bootstrap({}));
  CHECK_FALSE(node.bootstrap(std::array{server{0, true}}));
  CHECK_FALSE(node.bootstrap(std::array{server{1, true}, server{1, true}}));
  CHECK_FALSE(node.bootstrap(std::array{server{1, false}}));
  CHECK(disk.last_index() == 0);
}

}  // namespace greenroom::raft::test

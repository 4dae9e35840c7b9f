// SPDX-License-Identifier: MIT
#include "actors/switchboard.hpp"

#include "unit/actors/leader_world.hpp"

using namespace greenroom;
using namespace greenroom::actors;
using namespace greenroom::actors::test;

namespace {

/// What a replica has received, in order.
using letters = inbox<std::pair<std::uint64_t, std::string>>;

caf::behavior replica_probe(caf::event_based_actor*, std::shared_ptr<letters> in) {
  return {[in](std::uint64_t from, const std::string& bytes) {
            in->put({from, bytes});
          },
          [in](transfer_atom, std::uint64_t from, const std::string& bytes) {
            in->put({from, "part " + bytes});
          }};
}

struct two_replicas {
  caf::actor_system_config config;
  caf::actor_system system{config};
  node_id self = fresh_id();
  switchboard board{self};
  std::shared_ptr<letters> first = std::make_shared<letters>();
  std::shared_ptr<letters> second = std::make_shared<letters>();

  ~two_replicas() { board.forget_local(); }
  void put(std::uint16_t shard, const std::shared_ptr<letters>& in) {
    board.put_replica(shard, system.spawn(replica_probe, in));
  }
  /// What has come before a last message; the last itself is not among it.
  std::vector<std::string> received(std::uint16_t shard, letters& in) {
    board.take_group({shard, 1, group_message::what::log, "last"});
    std::vector<std::string> all;
    for (;;) {
      const auto next = in.take([](const auto&) { return true; });
      REQUIRE(next.has_value());
      if (next->second == "last") return all;
      all.push_back(next->second);
    }
  }
  /// The map says where the replicas of shard 1 are; nothing: that is not decided.
  void place(std::vector<node_id> replicas) {
    auto map = std::make_shared<placement::cluster_map>();
    map->shard_count = 1;
    map->shards.resize(2);
    map->shards[1].shard = 1;
    map->shards[1].replicas = std::move(replicas);
    board.set_map(std::move(map));
  }
};

}  // namespace

TEST_CASE("what is said to a replica before it is here is kept for it") {
  two_replicas w;
  w.board.take_group({1, 7, group_message::what::log, "a vote?"});
  w.board.take_group({2, 7, group_message::what::log, "for another"});
  w.place({});
  w.board.take_group({1, 7, group_message::what::log, "again?"});
  w.place({w.self, fresh_id()});
  w.board.take_group({1, 8, group_message::what::log, "and mine?"});
  w.put(1, w.first);
  w.put(2, w.second);
  CHECK(w.received(1, *w.first) == std::vector<std::string>{"a vote?", "again?", "and mine?"});
  CHECK(w.received(2, *w.second) == std::vector<std::string>{"for another"});
}

TEST_CASE("it is given once, and not to a successor") {
  two_replicas w;
  w.board.take_group({1, 7, group_message::what::log, "a vote?"});
  w.put(1, w.first);
  w.put(1, w.second);
  CHECK(w.received(1, *w.second).empty());
}

TEST_CASE("what is kept for a replica that is not here has bounds") {
  two_replicas w;
  SECTION("no parts of states, and nothing long") {
    w.board.take_group({1, 7, group_message::what::transfer, "of a state"});
    w.board.take_group({1, 7, group_message::what::log, std::string(100'000, 'x')});
    w.put(1, w.first);
    CHECK(w.received(1, *w.first).empty());
  }
  SECTION("nothing for a replica that will not come") {
    w.place({fresh_id()});
    w.board.take_group({1, 7, group_message::what::log, "a vote?"});
    w.put(1, w.first);
    CHECK(w.received(1, *w.first).empty());
  }
  SECTION("only the newest of many") {
    for (int i = 0; i < 10'000; ++i) {
      w.board.take_group({1, 7, group_message::what::log, std::to_string(i)});
    }
    w.put(1, w.first);
    const auto kept = w.received(1, *w.first);
    CHECK(kept.size() < 5000);
    REQUIRE_FALSE(kept.empty());
    CHECK(kept.back() == "9999");
  }
}

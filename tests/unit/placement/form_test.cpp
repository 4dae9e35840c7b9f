// SPDX-License-Identifier: MIT
#include "unit/placement/maps.hpp"

namespace greenroom::placement::test {

TEST_CASE("a cluster of one has all its shards at once", "[placement][form]") {
  cluster_map map;
  const auto done = run(map, forming());
  CHECK(done.changed);
  CHECK(done.placed.size() == 8);
  CHECK(map.epoch == 1);
  CHECK(map.cluster_id == id(200));
  CHECK(map.shards.size() == 9);
  CHECK(all_placed(map));
  for (const auto& s : map.shards)
    CHECK(s.replicas == std::vector<uuid>{id(1)});
}

TEST_CASE("a cluster that expects more nodes places shard 0 only", "[placement][form]") {
  const auto map = formed(3);
  CHECK(map.shards[0].replicas == std::vector<uuid>{id(1)});
  CHECK(map.shards[1].replicas.empty());
  CHECK_FALSE(all_placed(map));
}

TEST_CASE("the first node is active and the first key signs", "[placement][form]") {
  cluster_map map;
  auto c = forming();
  c.first_node.state = node_state::joining;
  c.first_key.retired = true;
  run(map, c);
  CHECK(find_node(map, id(1))->state == node_state::active);
  REQUIRE(current_key(map));
  CHECK(current_key(map)->id == "k1");
}

TEST_CASE("a cluster of one needs no address", "[placement][form]") {
  cluster_map map;
  auto c = forming();
  c.first_node.address.clear();
  run(map, c);
  CHECK_FALSE(find_address(map, "10.0.0.1:4000"));
}

TEST_CASE("a cluster is formed once", "[placement][form]") {
  auto map = formed();
  CHECK_FALSE(run(map, forming()).changed);
  CHECK(map.epoch == 1);
  auto other = forming();
  other.cluster_id = id(201);
  CHECK(refused(map, other).code == ec::conflict);
}

TEST_CASE("nothing happens before the cluster is formed", "[placement][form]") {
  cluster_map map;
  for (const command& c :
       {command{join_node{node(2)}}, command{place_shards{}}, command{add_key{key("k2")}},
        command{retire_key{"k1"}}, command{update_node{id(1), {}, {}, {}}}})
    CHECK(refused(map, c).code == ec::conflict);
}

TEST_CASE("a cluster cannot be formed of nonsense", "[placement][form]") {
  cluster_map map;
  const auto field = [&](auto change) {
    auto c = forming();
    change(c);
    const auto e = refused(map, c);
    if (e.code == ec::invalid_message) CHECK_FALSE(e.details.field.empty());
    return e.details.field;
  };
  CHECK(field([](auto& c) { c.cluster_id = {}; }) == "cluster_id");
  CHECK(field([](auto& c) { c.shard_count = 0; }) == "shard_count");
  CHECK(field([](auto& c) { c.shard_count = shard_count_max + 1; }) == "shard_count");
  CHECK(field([](auto& c) { c.expected_nodes = 0; }) == "expected_nodes");
  CHECK(field([](auto& c) { c.fingerprint_key.pop_back(); }) == "fingerprint_key");
  CHECK(field([](auto& c) { c.first_node.id = {}; }) == "first_node.id");
  CHECK(field([](auto& c) { c.first_node.name.assign(256, 'x'); }) == "first_node.name");
  CHECK(field([](auto& c) { c.first_key.id.clear(); }) == "first_key.id");
  CHECK(field([](auto& c) { c.first_key.secret.pop_back(); }) == "first_key.secret");
}

}  // namespace greenroom::placement::test

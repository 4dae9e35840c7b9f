// SPDX-License-Identifier: MIT
#include <map>
#include <set>

#include "unit/placement/maps.hpp"

namespace greenroom::placement::test {

TEST_CASE("shards are placed round robin over the active nodes", "[placement][shards]") {
  const auto map = of_three();
  for (std::uint16_t shard = 1; shard <= 8; ++shard) {
    const auto expected = id(static_cast<std::uint8_t>(1 + (shard - 1) % 3));
    CHECK(find_shard(map, shard)->replicas == std::vector<uuid>{expected});
  }
  CHECK_FALSE(find_shard(map, 9));
}

TEST_CASE("nothing is placed until the expected nodes are active", "[placement][shards]") {
  auto map = formed(3);
  run(map, join_node{node(2)});
  CHECK(refused(map, place_shards{}).code == ec::conflict);
  run(map, join_node{node(3, node_state::joining)});
  CHECK(refused(map, place_shards{}).code == ec::conflict);
  run(map, update_node{id(3), {}, {}, node_state::active});
  const auto done = run(map, place_shards{});
  CHECK(done.placed == std::vector<std::uint16_t>{1, 2, 3, 4, 5, 6, 7, 8});
}

TEST_CASE("with three replicas every shard is on three nodes, and each node is to lead a third",
          "[placement][shards]") {
  auto map = of_three(3);
  std::map<uuid, int> led;
  for (std::uint16_t shard = 1; shard <= 8; ++shard) {
    const auto& s = *find_shard(map, shard);
    CHECK(std::set<uuid>(s.replicas.begin(), s.replicas.end()) ==
          std::set<uuid>{id(1), id(2), id(3)});
    CHECK(s.founders == s.replicas);
    ++led[s.replicas.front()];
  }
  CHECK(led == std::map<uuid, int>{{id(1), 3}, {id(2), 3}, {id(3), 2}});
  CHECK(map.shards[0].founders == std::vector<uuid>{id(1)});
  CHECK(map.shards[0].replicas == std::vector<uuid>{id(1), id(2), id(3)});
}

TEST_CASE("where nodes are few, an odd number of replicas is placed", "[placement][shards]") {
  auto two = formed(2, 8, 3);
  run(two, join_node{node(2)});
  run(two, place_shards{});
  CHECK(find_shard(two, 1)->replicas.size() == 1);
  auto five = formed(5, 8, 5);
  for (std::uint8_t n = 2; n <= 5; ++n)
    run(five, join_node{node(n)});
  run(five, place_shards{});
  CHECK(find_shard(five, 1)->replicas.size() == 5);
}

TEST_CASE("what is placed stays", "[placement][shards]") {
  auto map = of_three();
  run(map, join_node{node(4)});
  const auto before = map.shards;
  CHECK_FALSE(run(map, place_shards{}).changed);
  CHECK(map.shards == before);
}

TEST_CASE("nodes that are replaced get no shards", "[placement][shards]") {
  auto map = formed(3);
  run(map, join_node{node(2)});
  run(map, join_node{node(3)});
  auto wiped = node(9);
  wiped.address = node(2).address;
  run(map, join_node{wiped});
  run(map, place_shards{});
  CHECK(shards_of(map, id(2)).empty());
  CHECK_FALSE(shards_of(map, id(9)).empty());
}

// Data is found by these numbers: a change of them loses it.
TEST_CASE("the shard of an id is fixed", "[placement][shards]") {
  CHECK(shard_of(user_id_of("anna"), 32) == 9);
  CHECK(shard_of(user_id_of("bob"), 32) == 14);
  CHECK(shard_of(room_id_of_alias("general"), 32) == 26);
  CHECK(shard_of(uuid{}, 4096) == 2059);
  CHECK(shard_of(id(1), 1) == 1);
}

TEST_CASE("ids spread evenly over shards, also those that differ by little",
          "[placement][shards]") {
  std::map<std::uint16_t, int> derived;
  std::map<std::uint16_t, int> counted;
  for (int i = 0; i < 32'000; ++i) {
    uuid u;
    u.bytes[14] = static_cast<std::uint8_t>(i >> 8);
    u.bytes[15] = static_cast<std::uint8_t>(i);
    ++counted[shard_of(u, 32)];
    if (i < 8000) ++derived[shard_of(user_id_of("user" + std::to_string(i)), 32)];
  }
  CHECK(counted.size() == 32);
  CHECK(derived.size() == 32);
  for (const auto& [shard, count] : counted) {
    CHECK(shard >= 1);
    CHECK(shard <= 32);
    CHECK(std::abs(count - 1000) < 200);
  }
  for (const auto& [shard, count] : derived)
    CHECK(std::abs(count - 250) < 90);
}

}  // namespace greenroom::placement::test

// SPDX-License-Identifier: MIT
#include "unit/placement/maps.hpp"

namespace greenroom::placement::test {

TEST_CASE("a node joins", "[placement][nodes]") {
  auto map = formed(3);
  CHECK(run(map, join_node{node(2)}).changed);
  CHECK(map.epoch == 2);
  CHECK(count_active(map) == 2);
  CHECK(find_address(map, "10.0.0.2:4000")->id == id(2));
  CHECK(find_node(map, id(2))->joined_at == 1002);
}

TEST_CASE("a node that asks again with nothing new changes nothing", "[placement][nodes]") {
  auto map = of_three();
  const auto epoch = map.epoch;
  CHECK_FALSE(run(map, join_node{node(2)}).changed);
  CHECK(map.epoch == epoch);
}

TEST_CASE("a node that comes back is updated and keeps its shards", "[placement][nodes]") {
  auto map = of_three();
  const auto kept = shards_of(map, id(2));
  auto back = node(2, node_state::joining);
  back.address = "10.0.0.22:4000";
  back.version = "0.2.0";
  back.joined_at = 99999;
  run(map, join_node{back});
  const auto* n = find_node(map, id(2));
  CHECK(n->address == "10.0.0.22:4000");
  CHECK(n->version == "0.2.0");
  CHECK(n->state == node_state::active);
  CHECK(n->joined_at == 1002);
  CHECK(shards_of(map, id(2)) == kept);
  CHECK(map.members.size() == 3);
}

TEST_CASE("a new node at a member's address replaces it, and the shards stay where they were",
          "[placement][nodes]") {
  auto map = of_three();
  const auto kept = shards_of(map, id(2));
  REQUIRE_FALSE(kept.empty());
  auto wiped = node(9);
  wiped.address = node(2).address;
  CHECK(run(map, join_node{wiped}).replaced == std::vector<uuid>{id(2)});
  CHECK(find_node(map, id(2))->state == node_state::replaced);
  CHECK(find_address(map, wiped.address)->id == id(9));
  CHECK(shards_of(map, id(2)) == kept);
  CHECK(shards_of(map, id(9)).empty());

  CHECK(refused(map, join_node{node(2)}).code == ec::conflict);
  CHECK(refused(map, update_node{id(2), {}, {}, node_state::active}).code == ec::conflict);
}

TEST_CASE("a member cannot take another member's address", "[placement][nodes]") {
  auto map = of_three();
  auto moved = node(2);
  moved.address = node(3).address;
  CHECK(refused(map, join_node{moved}).code == ec::conflict);
  CHECK(refused(map, update_node{id(2), node(3).address, {}, {}}).code == ec::conflict);
}

TEST_CASE("a node that joins has an id, an address and a state to start in", "[placement][nodes]") {
  auto map = formed(3);
  auto n = node(2);
  n.id = {};
  CHECK(refused(map, join_node{n}).details.field == "node.id");
  n = node(2);
  n.address.clear();
  CHECK(refused(map, join_node{n}).details.field == "node.address");
  CHECK(refused(map, join_node{node(2, node_state::left)}).details.field == "node.state");
  CHECK(refused(map, join_node{node(2, node_state::replaced)}).details.field == "node.state");
  n = node(2);
  n.address.assign(text_bytes_max + 1, 'x');
  CHECK(refused(map, join_node{n}).code == ec::too_large);
}

TEST_CASE("an update changes what it names", "[placement][nodes]") {
  auto map = of_three();
  run(map, update_node{id(2), "10.0.0.22:4000", {}, {}});
  CHECK(find_node(map, id(2))->address == "10.0.0.22:4000");
  CHECK(find_node(map, id(2))->version == node(2).version);
  run(map, update_node{id(2), {}, "0.2.0", {}});
  CHECK(find_node(map, id(2))->address == "10.0.0.22:4000");
  CHECK(find_node(map, id(2))->version == "0.2.0");
  CHECK_FALSE(run(map, update_node{id(2), {}, "0.2.0", {}}).changed);
  CHECK(refused(map, update_node{id(77), {}, {}, {}}).details.field == "id");
}

TEST_CASE("a joining node becomes active, and one that was decommissioned never comes back",
          "[placement][nodes]") {
  auto map = formed(1);
  run(map, join_node{node(2, node_state::joining)});
  CHECK(count_active(map) == 1);
  run(map, update_node{id(2), {}, {}, node_state::active});
  CHECK(count_active(map) == 2);
  CHECK(refused(map, update_node{id(2), {}, {}, node_state::left}).code == ec::conflict);
  run(map, decommission_node{id(2)});
  CHECK(find_node(map, id(2))->state == node_state::leaving);
  CHECK_FALSE(run(map, join_node{node(2)}).changed);
  run(map, update_node{id(2), {}, {}, node_state::left});
  CHECK(count_active(map) == 1);
  CHECK_FALSE(find_address(map, node(2).address));
  CHECK(refused(map, join_node{node(2)}).code == ec::conflict);
  CHECK(refused(map, update_node{id(2), {}, {}, node_state::active}).code == ec::conflict);
  auto another = node(9);
  another.address = node(2).address;
  CHECK(run(map, join_node{another}).replaced.empty());
}

TEST_CASE("a node that keeps shards, or is still in their groups, cannot leave",
          "[placement][nodes]") {
  auto map = of_three();
  run(map, decommission_node{id(2)});
  CHECK(refused(map, update_node{id(2), {}, {}, node_state::left}).code == ec::conflict);
  for (const auto shard : shards_of(map, id(2)))
    run(map, assign_shard{shard, {id(1)}});
  CHECK(shards_of(map, id(2)).empty());
  CHECK(refused(map, update_node{id(2), {}, {}, node_state::left}).code == ec::conflict);
  for (const auto& s : std::vector(map.shards))
    if (is_moving(s)) run(map, report_group{s.shard, 5, s.replicas});
  run(map, update_node{id(2), {}, {}, node_state::left});
}

TEST_CASE("a node is drained and undrained, and stays drained when it comes back",
          "[placement][nodes]") {
  auto map = of_three();
  run(map, update_node{id(2), {}, {}, node_state::draining});
  CHECK(steps_back(map, id(2)));
  CHECK_FALSE(steps_back(map, id(1)));
  CHECK(find_address(map, node(2).address));
  CHECK_FALSE(run(map, join_node{node(2)}).changed);
  run(map, update_node{id(2), {}, {}, node_state::active});
  CHECK_FALSE(steps_back(map, id(2)));
  run(map, join_node{node(4, node_state::joining)});
  CHECK(refused(map, update_node{id(4), {}, {}, node_state::draining}).code == ec::conflict);
}

TEST_CASE("a decommission that costs replicas has to be asked for as such", "[placement][nodes]") {
  auto map = of_three(3);
  CHECK(refused(map, decommission_node{id(2), false}).message.find("1 replicas instead of 3") !=
        std::string::npos);
  run(map, decommission_node{id(2), true});
  run(map, decommission_node{id(3), true});
  CHECK(refused(map, decommission_node{id(1), true}).code == ec::conflict);
  run(map, update_node{id(2), {}, {}, node_state::active});
  CHECK(find_node(map, id(2))->state == node_state::active);
  CHECK(refused(map, decommission_node{id(77), true}).details.field == "id");
}

TEST_CASE("no update makes a node joining, replaced or leaving", "[placement][nodes]") {
  auto map = of_three();
  for (const auto state : {node_state::joining, node_state::replaced, node_state::leaving})
    CHECK(refused(map, update_node{id(2), {}, {}, state}).details.field == "state");
}

TEST_CASE("only a node that the map knows is known to be gone", "[placement][nodes]") {
  auto map = of_three();
  auto other = node(4);
  other.address = node(3).address;
  CHECK_FALSE(is_gone(map, id(3)));
  CHECK_FALSE(is_gone(map, id(4)));
  run(map, join_node{other});
  CHECK(is_gone(map, id(3)));
  CHECK_FALSE(is_gone(map, id(4)));
  run(map, decommission_node{id(2), true});
  CHECK_FALSE(is_gone(map, id(2)));
}

TEST_CASE("nodes that are gone make room for new ones", "[placement][nodes]") {
  auto map = formed(1);
  auto wiped = node(2);
  for (std::size_t i = 0; i < 2 * members_max; ++i) {
    wiped.id.bytes[0] = static_cast<std::uint8_t>(1 + i / 256);
    wiped.id.bytes[1] = static_cast<std::uint8_t>(i);
    run(map, join_node{wiped});
  }
  CHECK(map.members.size() == members_max);
  CHECK(find_node(map, id(1)));
  CHECK(count_active(map) == 2);
}

TEST_CASE("there are not more present nodes than the limit", "[placement][nodes]") {
  auto map = formed(1);
  auto n = node(2);
  for (std::size_t i = 1; i < members_max; ++i) {
    n.id.bytes[1] = static_cast<std::uint8_t>(i);
    n.address = "host" + std::to_string(i) + ":1";
    run(map, join_node{n});
  }
  n.id.bytes[0] = 1;
  n.address = "one-more:1";
  CHECK(refused(map, join_node{n}).code == ec::conflict);
}

}  // namespace greenroom::placement::test

// SPDX-License-Identifier: MIT
#include "actors/operations.hpp"

#include <catch2/catch.hpp>

#include "unit/actors/four_nodes.hpp"

using namespace greenroom;
using namespace greenroom::actors;
using nlohmann::json;

namespace {

constexpr unix_ms now = 1'700'000'000'123;

using actors::test::id;
using actors::test::node;

placement::cluster_map of_four() {
  return actors::test::four_nodes(3);
}

error refusal(std::string_view verb, const json& args) {
  const auto o = operation_of(verb, args, of_four(), now);
  REQUIRE_FALSE(o);
  return o.error();
}

}  // namespace

TEST_CASE("operators' verbs are known by name") {
  for (const auto* verb : {"shard move", "room move", "shard unpin", "room unpin", "node drain",
                           "node undrain", "node decommission", "key retire"})
    CHECK(is_operation(verb));
  CHECK_FALSE(is_operation("node"));
}

TEST_CASE("a shard and a room are moved to a node by its name or id") {
  const auto map = of_four();
  const auto o = operation_of("shard move", {{"shard", 7}, {"to", "node4"}}, map, now);
  REQUIRE(o);
  const auto& c = std::get<placement::pin_shard>(o->command);
  CHECK(c.shard == 7);
  CHECK(c.at == now);
  CHECK(o->row["pinned"] == true);
  CHECK(c.replicas.front() == id(4));
  CHECK(o->row["wanted"].get<std::string>().starts_with("node4"));
  const auto room = operation_of("room move", {{"room", "lobby"}, {"to", id(4).str()}}, map, now);
  REQUIRE(room);
  CHECK(std::get<placement::pin_shard>(room->command).shard ==
        placement::shard_of(room_id_of_alias("lobby"), 8));
}

TEST_CASE("what is pinned is unpinned, by its shard or by a room in it") {
  auto map = of_four();
  const auto shard = placement::shard_of(room_id_of_alias("lobby"), 8);
  const auto before = operation_of("shard unpin", {{"shard", shard}}, map, now);
  REQUIRE(before);
  CHECK(before->notes.front() == "shard " + std::to_string(shard) + " is not pinned");
  const auto moved = operation_of("room move", {{"room", "lobby"}, {"to", "node4"}}, map, now);
  REQUIRE(placement::apply(moved->command, map));
  CHECK(map.shards[shard].pinned_at == now);
  for (const auto& args : {json{{"shard", shard}}, json{{"room", "lobby"}}}) {
    const auto o =
        operation_of(args.contains("room") ? "room unpin" : "shard unpin", args, map, now);
    REQUIRE(o);
    CHECK(o->notes.empty());
    auto then = map;
    REQUIRE(placement::apply(o->command, then));
    CHECK(then.shards[shard].pinned_at == 0);
    CHECK(then.shards[shard].replicas == map.shards[shard].replicas);
  }
  CHECK(refusal("shard unpin", {{"shard", 9}}).message ==
        "there is no shard 9; there are 0 (the cluster map) to 8");
  CHECK(refusal("room unpin", json::object()).details.field == "room");
}

TEST_CASE("with a node of an older release shards are moved, and not pinned") {
  auto map = of_four();
  CHECK(why_no_pins(map).empty());
  map.members[2].version = "0.1.0";
  CHECK(why_no_pins(map) == "node3 runs an older release, which does not know of pinned shards");
  const auto o = operation_of("shard move", {{"shard", 7}, {"to", "node4"}}, map, now);
  REQUIRE(o);
  CHECK(std::get<placement::assign_shard>(o->command).replicas.front() == id(4));
  CHECK(o->row["pinned"] == false);
  CHECK(o->notes.size() == 1);
  const auto unpin = operation_of("shard unpin", {{"shard", 7}}, map, now);
  REQUIRE_FALSE(unpin);
  CHECK(unpin.error().code == ec::conflict);
  map.members[2].state = placement::node_state::left;
  CHECK(why_no_pins(map).empty());
}

TEST_CASE("a node is drained, undrained and decommissioned") {
  const auto map = of_four();
  const auto drain = operation_of("node drain", {{"node", "node2"}}, map, now);
  CHECK(std::get<placement::update_node>(drain->command).state == placement::node_state::draining);
  const auto back = operation_of("node undrain", {{"node", "node2"}}, map, now);
  CHECK(std::get<placement::update_node>(back->command).state == placement::node_state::active);
  const auto out =
      operation_of("node decommission", {{"node", "node2"}, {"fewer_replicas", true}}, map, now);
  CHECK(std::get<placement::decommission_node>(out->command).fewer_replicas);
}

TEST_CASE("a key is retired by its id") {
  const auto map = of_four();
  const auto o = operation_of("key retire", {{"id", "k1"}}, map, now);
  REQUIRE(o);
  CHECK(std::get<placement::drop_key>(o->command).id == "k1");
  CHECK(refusal("key retire", json::object()).details.field == "id");
}

TEST_CASE("a node or a key that there is none of is not found") {
  for (const auto* verb : {"node drain", "node undrain", "node decommission"})
    CHECK(refusal(verb, {{"node", "node9"}}).code == ec::room_not_found);
  CHECK(refusal("shard move", {{"shard", 7}, {"to", "node9"}}).code == ec::room_not_found);
  CHECK(refusal("room move", {{"room", "lobby"}, {"to", "node9"}}).code == ec::room_not_found);
  const auto key = refusal("key retire", {{"id", "none"}});
  CHECK(key.code == ec::room_not_found);
  CHECK(key.message == "there is no key none; key list shows them");
}

TEST_CASE("what is wrong with a verb is said with its field") {
  CHECK(refusal("shard move", {{"shard", 9}, {"to", "node4"}}).code == ec::room_not_found);
  CHECK(refusal("shard move", {{"shard", -1}, {"to", "node4"}}).details.field == "shard");
  CHECK(refusal("shard move", {{"shard", "7"}, {"to", "node4"}}).details.field == "shard");
  CHECK(refusal("shard move", {{"shard", 7}}).details.field == "to");
  CHECK(refusal("shard move", {{"shard", 7}, {"to", "node9"}}).message ==
        "there is no node node9; there are node1, node2, node3, node4");
  CHECK(refusal("shard move", {{"shard", 7}, {"to", "node4"}, {"from", "x"}}).message ==
        "there is no node x; there are node1, node2, node3, node4");
  CHECK(refusal("room move", {{"to", "node4"}}).details.field == "room");
  CHECK(refusal("node drain", {{"node", 3}}).details.field == "node");
}

TEST_CASE("who has to run for an operation, and who had better") {
  const auto map = of_four();
  const auto need = [&](std::string_view verb, const json& args) {
    const auto o = operation_of(verb, args, map, now);
    REQUIRE(o);
    REQUIRE(o->needs);
    return *o->needs;
  };
  const auto drained = need("node drain", {{"node", "node3"}});
  CHECK(drained.is_refused);
  CHECK(drained.node.id == id(3));
  CHECK(drained.otherwise.find("node decommission node3") != std::string::npos);
  const auto moved = need("shard move", {{"shard", 7}, {"to", "node4"}});
  CHECK(moved.is_refused);
  CHECK(moved.node.id == id(4));
  CHECK(moved.otherwise.find("node decommission node4") != std::string::npos);
  CHECK(need("room move", {{"room", "lobby"}, {"to", "node2"}}).is_refused);
  CHECK_FALSE(need("node undrain", {{"node", "node3"}}).is_refused);
  CHECK_FALSE(need("node decommission", {{"node", "node3"}}).is_refused);
}

TEST_CASE("what is drained already, or has gone, needs nobody to run") {
  auto map = of_four();
  REQUIRE(placement::apply(placement::update_node{id(3), {}, {}, placement::node_state::draining},
                           map));
  const auto again = operation_of("node drain", {{"node", "node3"}}, map, now);
  REQUIRE(again);
  CHECK_FALSE(again->needs);
  // Its state says why it is refused, not that it does not run.
  map.members[3].state = placement::node_state::left;
  for (const auto* verb : {"node drain", "node undrain", "node decommission"}) {
    const auto gone = operation_of(verb, {{"node", "node4"}}, map, now);
    REQUIRE(gone);
    CHECK_FALSE(gone->needs);
  }
}

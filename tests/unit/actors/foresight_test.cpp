// SPDX-License-Identifier: MIT
#include "actors/foresight.hpp"

#include <catch2/catch.hpp>

#include "unit/actors/four_nodes.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;
using placement::cluster_map;

using test::id;
using test::node;

cluster_map of_four() {
  auto map = test::four_nodes(4);
  for (auto& s : map.shards)
    s.group = s.replicas;
  return map;
}

/// The row of a rehearsal in a cluster where all run, and lead what they shall.
json rehearsed(std::string_view verb, const json& args, const cluster_map& map) {
  const auto o = operation_of(verb, args, map, 1000);
  REQUIRE(o);
  auto after = map;
  REQUIRE(placement::apply(o->command, after));
  const auto then = foresight::rehearsed(
      verb, *o, map, after,
      {.runs = [](const uuid&) { return true; },
       .leader_of = [&](std::uint16_t shard) { return map.shards[shard].replicas.front(); }});
  CHECK(then.columns.size() == then.row.size());
  for (const auto& column : then.columns)
    CHECK(then.row.contains(column));
  return then.row;
}

}  // namespace

TEST_CASE("a move is foreseen with its leader and its copies", "[foresight]") {
  auto map = of_four();
  const auto& s = map.shards[7];
  const auto follower = "node" + std::to_string(s.replicas[1].bytes[15]);
  const auto leader = "node" + std::to_string(s.replicas[0].bytes[15]);
  auto row = rehearsed("shard move", {{"shard", 7}, {"to", follower}}, map);
  CHECK(row["leaders"] == 1);
  CHECK(row["copies"] == 0);
  CHECK(row["pinned"] == false);
  CHECK(row["would"] == follower + " would lead it instead of " + leader + ", it would be pinned");
  row = rehearsed("shard move", {{"shard", 7}, {"to", leader}}, map);
  CHECK(row["would"] == "it would be pinned");
  for (std::uint8_t n = 1; n <= 4; ++n) {
    const auto name = "node" + std::to_string(n);
    if (std::ranges::find(s.replicas, id(n)) != s.replicas.end()) continue;
    row = rehearsed("shard move", {{"shard", 7}, {"to", name}, {"from", follower}}, map);
    CHECK(row["copies"] == 1);
    CHECK(row["would"].get<std::string>().starts_with(
        name + " would get a replica, in the place of that of " + follower));
  }
  row = rehearsed("shard unpin", {{"shard", 7}}, map);
  CHECK(row["would"] == "nothing would change: it is not pinned");
}

TEST_CASE("acts on a node are foreseen with what they touch", "[foresight]") {
  auto map = of_four();
  const auto led =
      std::ranges::count_if(map.shards, [](const auto& s) { return s.replicas.front() == id(2); });
  auto row = rehearsed("node drain", {{"node", "node2"}}, map);
  CHECK(row["state"] == "active");
  CHECK(row["leaders"] == led);
  CHECK(row["would"] == "it would take no clients, and " + std::to_string(led) +
                            (led == 1 ? " shard" : " shards") + " would be led by others");
  row = rehearsed("node undrain", {{"node", "node2"}}, map);
  CHECK(row["would"] == "nothing would change: it is active");
  row = rehearsed("node decommission", {{"node", "node2"}}, map);
  CHECK(row["state"] == "active");
  CHECK(row["replicas"].get<std::size_t>() >= placement::shards_of(map, id(2)).size());
  CHECK(row["would"].get<std::string>().starts_with("it would leave for good: "));
  REQUIRE(placement::apply(placement::update_node{id(2), {}, {}, placement::node_state::draining},
                           map));
  row = rehearsed("node drain", {{"node", "node2"}}, map);
  CHECK(row["leaders"] == 0);
  CHECK(row["would"] == "nothing would change: it is drained");
  CHECK(rehearsed("node undrain", {{"node", "node2"}}, map)["state"] == "drained");
}

TEST_CASE("rows of other rehearsals are told what would be done", "[foresight]") {
  json answer{{"ok", true},
              {"columns", {"node", "state"}},
              {"rows",
               {{{"node", "node1"}, {"state", "not begun"}, {"shards", 33U}},
                {{"node", "node2"}, {"state", "failed"}, {"shards", 33U}},
                {{"node", "node3"}, {"state", "not begun"}, {"shards", 1U}},
                {{"node", "node4"}, {"state", "not begun"}}}}};
  foresight::add_would("backup now", answer);
  CHECK(answer["columns"].back() == "would");
  CHECK(answer["rows"][0]["would"] == "a backup of 33 shards would be made");
  CHECK(answer["rows"][1]["would"] == "nothing would be done");
  CHECK(answer["rows"][2]["would"] == "a backup of 1 shard would be made");
  CHECK(answer["rows"][3]["would"] == "a backup of an unknown number of shards would be made");
  json refused{{"ok", false}, {"error", {{"code", "usage"}}}};
  foresight::add_would("backup now", refused);
  CHECK_FALSE(refused.contains("columns"));
}

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#include "placement/plan.hpp"

#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <set>

#include "unit/placement/maps.hpp"

namespace greenroom::placement::test {

namespace {

bool has(const std::vector<uuid>& nodes, const uuid& id) {
  return std::find(nodes.begin(), nodes.end(), id) != nodes.end();
}

/// A cluster whose shards do at once what the plan wants.
struct world {
  cluster_map map;
  std::set<uuid> down{};
  std::uint64_t index = 10;

  [[nodiscard]] std::vector<command> next(bool balance = true) const {
    return plan(
        map, {.runs = [this](const uuid& id) { return !down.contains(id); }, .balance = balance});
  }

  /// What the plan gives a shard anew is an odd number.
  void carry_out(const command& c) {
    if (const auto* a = std::get_if<assign_shard>(&c)) {
      const auto before = map.shards[a->shard].replicas.size();
      CHECK((a->replicas.size() % 2 == 1 || a->replicas.size() <= before));
    }
    run(map, c);
  }

  void arrive() {
    for (const auto& s : std::vector(map.shards)) {
      const bool all_run = std::none_of(s.replicas.begin(), s.replicas.end(), [&](const uuid& id) {
        return down.contains(id) && !has(s.group, id);
      });
      if (is_moving(s) && all_run) run(map, report_group{s.shard, ++index, s.replicas});
    }
  }

  /// Plans and moves until nothing is left to do; false: it does not end.
  bool settle(bool balance = true) {
    for (int round = 0; round < 500; ++round) {
      const auto commands = next(balance);
      if (commands.empty() && std::none_of(map.shards.begin(), map.shards.end(), is_moving))
        return true;
      for (const auto& c : commands)
        carry_out(c);
      const auto moving = std::count_if(map.shards.begin(), map.shards.end(), is_moving);
      CHECK(moving <= 2);
      arrive();
    }
    return false;
  }

  [[nodiscard]] std::size_t led(std::uint8_t n) const {
    return static_cast<std::size_t>(
        std::count_if(map.shards.begin() + 1, map.shards.end(),
                      [&](const shard_placement& s) { return s.replicas.front() == id(n); }));
  }
  [[nodiscard]] std::size_t kept(std::uint8_t n) const {
    const auto all = shards_of(map, id(n));
    return all.size() - (has(map.shards.front().replicas, id(n)) ? 1 : 0);
  }
};

}  // namespace

TEST_CASE("a cluster that is well needs nothing", "[placement][plan]") {
  CHECK(plan(cluster_map{}, {.runs = [](const uuid&) { return true; }}).empty());
  world w{formed(3)};
  CHECK(w.next().empty());
  w.map = of_three(1);
  CHECK(w.next().empty());
  w.map = of_three(3);
  w.arrive();
  CHECK(w.next().empty());
}

TEST_CASE("nodes that join get their share of replicas and leaders", "[placement][plan]") {
  world w{of_three(3)};
  w.arrive();
  run(w.map, join_node{node(4)});
  run(w.map, join_node{node(5)});
  CHECK_FALSE(w.next().empty());
  CHECK(w.next(false).empty());
  REQUIRE(w.settle());
  for (std::uint8_t n = 1; n <= 5; ++n) {
    INFO("node " << int(n));
    CHECK(w.kept(n) >= 4);
    CHECK(w.kept(n) <= 5);
    CHECK(w.led(n) >= 1);
    CHECK(w.led(n) <= 2);
  }
}

TEST_CASE("a cluster of one that grows to three gets three replicas", "[placement][plan]") {
  auto c = forming(1, 8, 3);
  world w{};
  run(w.map, c);
  run(w.map, join_node{node(2)});
  REQUIRE(w.settle(false));
  CHECK(w.kept(2) == 0);
  run(w.map, join_node{node(3)});
  REQUIRE(w.settle());
  for (const auto& s : w.map.shards)
    CHECK(s.replicas.size() == 3);
  CHECK(w.led(1) >= 2);
  CHECK(w.led(1) <= 3);
}

TEST_CASE("a node that lost its disk is made up for by the one in its place", "[placement][plan]") {
  world w{of_three(3)};
  w.arrive();
  w.down.insert(id(2));
  CHECK(w.next().empty());
  auto wiped = node(9);
  wiped.address = node(2).address;
  run(w.map, join_node{wiped});
  REQUIRE(w.settle(false));
  for (const auto& s : w.map.shards) {
    CHECK(has(s.replicas, id(9)));
    CHECK_FALSE(has(s.replicas, id(2)));
  }
}

TEST_CASE("a node that was replaced is not waited for", "[placement][plan]") {
  world w{of_three(3)};
  w.arrive();
  auto wiped = node(9);
  wiped.address = node(2).address;
  run(w.map, join_node{wiped});
  // Leaders take it out of their groups before the map gives its place to another, and its link was
  // up a moment ago.
  for (const auto& s : std::vector(w.map.shards)) {
    auto group = s.group;
    std::erase(group, id(2));
    run(w.map, report_group{s.shard, ++w.index, group});
  }
  for (const auto& c : w.next())
    w.carry_out(c);
  for (const auto& s : w.map.shards) {
    CHECK(has(s.replicas, id(9)));
    CHECK_FALSE(has(s.replicas, id(2)));
  }
}

TEST_CASE("a node that is decommissioned is emptied, and then has left", "[placement][plan]") {
  world w{of_three(3)};
  w.arrive();
  run(w.map, join_node{node(4)});
  run(w.map, decommission_node{id(1)});
  const bool is_dead = GENERATE(false, true);
  if (is_dead) w.down.insert(id(1));
  REQUIRE(w.settle());
  CHECK(find_node(w.map, id(1))->state == node_state::left);
  for (const auto& s : w.map.shards) {
    CHECK(s.replicas.size() == 3);
    CHECK_FALSE(has(s.replicas, id(1)));
  }
}

TEST_CASE("with too few nodes left shards have fewer replicas", "[placement][plan]") {
  world w{of_three(3)};
  w.arrive();
  run(w.map, decommission_node{id(1), true});
  REQUIRE(w.settle());
  for (const auto& s : w.map.shards)
    CHECK(s.replicas.size() == 1);
  CHECK(find_node(w.map, id(1))->state == node_state::left);
}

TEST_CASE("a shard does not wait for a node that has gone", "[placement][plan]") {
  world w{of_three(3)};
  w.arrive();
  run(w.map, join_node{node(4)});
  for (const auto& c : w.next())
    run(w.map, c);
  REQUIRE(std::any_of(w.map.shards.begin(), w.map.shards.end(), is_moving));
  w.down.insert(id(4));
  REQUIRE(w.settle());
  CHECK(w.kept(4) == 0);
}

TEST_CASE("a shard does not grow to an even number of replicas", "[placement][plan]") {
  world w{};
  run(w.map, forming(1, 8, 3));
  run(w.map, join_node{node(2)});
  run(w.map, join_node{node(3)});
  run(w.map, update_node{id(2), {}, {}, node_state::draining});
  REQUIRE(w.settle());
  for (const auto& s : w.map.shards)
    CHECK(s.replicas.size() == 1);
}

TEST_CASE("a drained node keeps what it has and gets nothing", "[placement][plan]") {
  world w{of_three(3)};
  w.arrive();
  const auto kept = w.kept(2);
  run(w.map, update_node{id(2), {}, {}, node_state::draining});
  REQUIRE(w.settle());
  CHECK(w.kept(2) == kept);
}

TEST_CASE("an operator moves a shard", "[placement][plan]") {
  world w{of_three(3)};
  w.arrive();
  run(w.map, join_node{node(4)});
  const auto before = w.map.shards[3].replicas;
  const auto lead = moved(w.map, 3, before[2], {});
  REQUIRE(lead);
  CHECK(lead->replicas.front() == before[2]);
  CHECK(std::is_permutation(lead->replicas.begin(), lead->replicas.end(), before.begin(),
                            before.end()));
  const auto go = moved(w.map, 3, id(4), before[1]);
  REQUIRE(go);
  CHECK(go->replicas.front() == id(4));
  CHECK_FALSE(has(go->replicas, before[1]));
  CHECK(go->replicas.size() == 3);
  CHECK(moved(w.map, 3, id(4), {})->replicas.size() == 3);
  CHECK(moved(w.map, 99, id(4), {}).error().details.field == "shard");
  CHECK(moved(w.map, 3, id(77), {}).error().details.field == "to");
  CHECK(moved(w.map, 3, id(4), id(77)).error().details.field == "from");
  CHECK(moved(w.map, 3, before[0], before[1]).error().code == ec::conflict);
  run(w.map, update_node{id(4), {}, {}, node_state::draining});
  CHECK(moved(w.map, 3, id(4), {}).error().code == ec::conflict);
}

/// As `shard move` does.
void pin(world& w, std::uint16_t shard, std::uint8_t to) {
  const auto wanted = moved(w.map, shard, id(to), {});
  REQUIRE(wanted);
  run(w.map, pin_shard{shard, wanted->replicas, 1000});
}

TEST_CASE("what an operator has placed stays, and the others even out around it",
          "[placement][plan]") {
  world w{of_three(3)};
  w.arrive();
  run(w.map, join_node{node(4)});
  REQUIRE(w.settle());
  for (std::uint16_t shard = 1; shard <= 5; ++shard)
    pin(w, shard, 4);
  const auto placed = w.map.shards;
  REQUIRE(w.settle());
  for (std::uint16_t shard = 1; shard <= 5; ++shard) {
    CHECK(w.map.shards[shard].replicas == placed[shard].replicas);
    CHECK(w.map.shards[shard].pinned_at == 1000);
  }
  for (std::uint8_t n = 1; n <= 3; ++n)
    CHECK(w.led(n) == 1);
  CHECK(foresee(w.map, {.runs = [](const uuid&) { return true; }}).is_even());
  run(w.map, unpin_shards{{1, 2}});
  REQUIRE(w.settle());
  CHECK(w.led(4) == 3);
  run(w.map, unpin_shards{});
  REQUIRE(w.settle());
  CHECK(w.led(4) == 2);
}

TEST_CASE("what an operator has placed is repaired like all else", "[placement][plan]") {
  world w{of_three(3)};
  w.arrive();
  run(w.map, join_node{node(4)});
  REQUIRE(w.settle());
  pin(w, 3, 4);
  REQUIRE(w.settle());
  const auto other = w.map.shards[3].replicas.back();
  REQUIRE(other != id(4));
  // Drained and undrained it is where it was.
  const auto placed = w.map.shards[3];
  run(w.map, update_node{id(4), {}, {}, node_state::draining});
  REQUIRE(w.settle());
  CHECK(w.map.shards[3] == placed);
  run(w.map, update_node{id(4), {}, {}, node_state::active});
  // Without a follower its leader is still the one that was asked for.
  run(w.map, decommission_node{other});
  REQUIRE(w.settle());
  CHECK(find_node(w.map, other)->state == node_state::left);
  CHECK(w.map.shards[3].replicas.size() == 3);
  CHECK(w.map.shards[3].replicas.front() == id(4));
  CHECK(w.map.shards[3].pinned_at == 1000);
  // Without its leader nothing is left of what was asked for.
  run(w.map, join_node{node(5)});
  run(w.map, decommission_node{id(4)});
  REQUIRE(w.settle());
  CHECK(find_node(w.map, id(4))->state == node_state::left);
  CHECK(w.map.shards[3].pinned_at == 0);
}

TEST_CASE("whatever joins, leaves and fails, the plan comes to an end with every shard kept",
          "[placement][plan][property]") {
  CHECK(rc::check([](const std::vector<std::pair<std::uint8_t, std::uint8_t>>& steps) {
    world w{of_three(3)};
    w.arrive();
    for (const auto& [what, who] : steps) {
      const auto n = static_cast<std::uint8_t>(1 + who % 7);
      switch (what % 8) {
        case 0:
          (void)placement::apply(join_node{node(n)}, w.map);
          break;
        case 1:
          (void)placement::apply(decommission_node{id(n), false}, w.map);
          break;
        case 2:
          (void)placement::apply(update_node{id(n), {}, {}, node_state::draining}, w.map);
          break;
        case 3:
          // One at most, or groups would be without a majority.
          w.down = {id(n)};
          break;
        case 4:
          w.down.clear();
          break;
        case 5:
          if (const auto to = moved(w.map, static_cast<std::uint16_t>(1 + what / 8 % 8), id(n), {}))
            (void)placement::apply(pin_shard{to->shard, to->replicas, 1000}, w.map);
          break;
        case 6:
          run(w.map, unpin_shards{});
          break;
        default:
          for (const auto& c : w.next())
            w.carry_out(c);
          w.arrive();
      }
    }
    w.down.clear();
    for (const auto& n : std::vector(w.map.members))
      if (n.state == node_state::draining)
        run(w.map, update_node{n.id, {}, {}, node_state::active});
    RC_ASSERT(w.settle());
    for (const auto& s : w.map.shards) {
      RC_ASSERT(s.replicas.size() == 3);
      for (const auto& node_id : s.replicas)
        RC_ASSERT(is_present(find_node(w.map, node_id)->state));
    }
    for (const auto& n : w.map.members)
      RC_ASSERT((n.state != node_state::leaving));
  }));
}

TEST_CASE("what is foreseen is what happens", "[placement][plan]") {
  const auto foreseen = [](const world& w) {
    return foresee(w.map, {.runs = [&w](const uuid& id) { return !w.down.contains(id); }});
  };
  world w{of_three(3)};
  w.arrive();
  CHECK(foreseen(w).is_even());
  run(w.map, join_node{node(4)});
  run(w.map, join_node{node(5)});
  const auto before = w.map;
  const auto said = foreseen(w);
  CHECK(w.map == before);
  CHECK(said.replicas > 2);  // more than one step of the plan
  CHECK(said.leaders > 0);
  REQUIRE(w.settle());
  std::size_t replicas = 0;
  for (const auto& s : w.map.shards)
    replicas += static_cast<std::size_t>(
        std::count_if(s.replicas.begin(), s.replicas.end(),
                      [&](const uuid& id) { return !has(before.shards[s.shard].replicas, id); }));
  CHECK(said.replicas == replicas);
  CHECK(foreseen(w).is_even());
  w.down.insert(id(5));
  CHECK(foreseen(w).is_even());  // who is away may come back
}

}  // namespace greenroom::placement::test

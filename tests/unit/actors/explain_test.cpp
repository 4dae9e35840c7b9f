// SPDX-License-Identifier: MIT
#include "actors/explain.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace greenroom::actors;
using Catch::Matchers::Contains;
using Catch::Matchers::Equals;
using explain::picture;

namespace {

/// Three voters, led by node1; all is well. node4 has nothing of it.
picture of_three() {
  picture p;
  p.shard = 7;
  p.wanted = p.voters = {"node1", "node2", "node3"};
  p.others = {"node4"};
  for (const auto* name : {"node1", "node2", "node3"}) {
    explain::replica r;
    r.node = name;
    r.term = 4;
    r.last = 900;
    p.replicas.push_back(r);
  }
  auto& leader = p.replicas.front();
  leader.leads = true;
  leader.group = {{"node1", true, 0}, {"node2", true, 0}, {"node3", true, 0}};
  return p;
}

void take_away(picture& p, const std::string& node) {
  std::erase_if(p.replicas, [&](const auto& r) { return r.node == node; });
  p.away[node] = "no link to it";
  for (auto& r : p.replicas) {
    for (auto& m : r.group) {
      if (m.node == node) {
        m.lag.reset();
      }
    }
  }
}

/// What is said about one thing; "" when nothing is.
std::string about(const picture& p, const std::string& what) {
  std::string says;
  for (const auto& s : explain::tell(p)) {
    if (s.about == what) {
      CHECK(says.empty());
      says = s.says;
    }
  }
  return says;
}

}  // namespace

TEST_CASE("a shard that is well", "[explain]") {
  const auto p = of_three();
  CHECK_THAT(about(p, "leader"), Equals("node1 leads it, in term 4, with 900 entries so far"));
  CHECK_THAT(about(p, "node2"), Equals("follows, and has all of it"));
  CHECK(about(p, "node1").empty());
  CHECK_THAT(about(p, "moves"), Equals("nothing: its replicas are where they shall be"));
  CHECK_THAT(about(p, "writes"), Equals("are taken"));
  CHECK_THAT(about(p, "if node1 stops"), Contains("elect a leader within 1000 to 2000 ms") &&
                                             Contains("no other of its nodes could be spared"));
  CHECK_THAT(about(p, "if node2 stops"), Contains("without a pause"));
  CHECK_THAT(about(p, "if another stops"), Contains("node4 has no vote"));
}

TEST_CASE("a follower that is behind, or away", "[explain]") {
  auto p = of_three();
  p.replicas.front().group[1].lag = 5000;
  CHECK_THAT(about(p, "node2"), Equals("follows, 5000 entries behind"));
  p.replicas.front().group[1].lag = 1;
  CHECK_THAT(about(p, "node2"), Contains("1 entry behind, which is nothing"));
  p.replicas[1].fetches_from = "node1";
  p.replicas[1].fetched_bytes = 12 << 20;
  CHECK_THAT(about(p, "node2"), Contains("fetches the state from node1 (12 MiB so far)"));
  take_away(p, "node2");
  CHECK_THAT(about(p, "node2"), Equals("is away: no link to it"));
  CHECK_THAT(about(p, "writes"), Equals("are taken"));
  CHECK_THAT(about(p, "if node2 stops"), Contains("nothing changes"));
  CHECK_THAT(about(p, "if node3 stops"),
             Contains("no writes until it or another is back: 1 of 3 voters would be left, and 2"));
  CHECK_THAT(about(p, "if node1 stops"), Contains("no writes"));
}

TEST_CASE("who does not answer is away, also before the leader notices", "[explain]") {
  auto p = of_three();
  take_away(p, "node3");
  p.replicas.front().group[2].lag = 0;
  CHECK_THAT(about(p, "node3"), Equals("is away: no link to it"));
  CHECK_THAT(about(p, "if node1 stops"), Contains("no writes"));
  CHECK_THAT(about(p, "writes"), Equals("are taken"));
}

TEST_CASE("without a majority there are no writes, led or not", "[explain]") {
  auto p = of_three();
  take_away(p, "node2");
  take_away(p, "node3");
  CHECK_THAT(about(p, "writes"),
             Contains("not agreed on") && Contains("only node1 can be reached"));
  CHECK_THAT(about(p, "if node1 stops"), Contains("it stays as it is"));
  p.replicas.front().leads = false;
  p.replicas.front().group.clear();
  CHECK_THAT(about(p, "leader"),
             Equals("nobody leads it: of 3 voters (node1, node2 and node3) only node1 can be "
                    "reached, and 2 are needed"));
  CHECK_THAT(about(p, "writes"), Equals("refused with UNAVAILABLE: nobody leads the shard"));
  CHECK_THAT(about(p, "node1"), Contains("has 900 entries, of term 4"));
  CHECK_THAT(about(p, "node3"), Contains("is away"));
}

TEST_CASE("an election that should end soon", "[explain]") {
  auto p = of_three();
  take_away(p, "node1");
  CHECK_THAT(about(p, "leader"),
             Contains("node2 and node3 answer and are enough") && Contains("2000 ms"));
}

TEST_CASE("who has just begun to lead is not thought to be alone", "[explain]") {
  auto p = of_three();
  auto& leader = p.replicas.front();
  leader.settled = false;
  leader.group[1].lag.reset();
  leader.group[2].lag.reset();
  CHECK_THAT(about(p, "leader"), Contains("it has just begun to"));
  CHECK_THAT(about(p, "writes"), Equals("are taken"));
  CHECK_THAT(about(p, "node2"), Contains("has yet to hear"));
}

TEST_CASE("of two who think that they lead the later one is right", "[explain]") {
  auto p = of_three();
  auto& later = p.replicas[2];
  later.leads = true;
  later.term = 5;
  later.group = {{"node1", true, 3}, {"node2", true, 0}, {"node3", true, 0}};
  CHECK_THAT(about(p, "leader"), Contains("node3 leads it, in term 5"));
}

TEST_CASE("what moves", "[explain]") {
  auto p = of_three();
  p.wanted = {"node4", "node1", "node2"};
  p.replicas.front().group.push_back({"node4", false, 700});
  CHECK_THAT(about(p, "moves"), Equals("node4 is to get a replica, and node3 gives its up then"));
  CHECK_THAT(about(p, "node4"), Contains("is a standby, without a vote"));
  p = of_three();
  p.wanted = {"node2", "node1", "node3"};
  CHECK_THAT(about(p, "moves"), Contains("node2 is to lead when all is well"));
  p.stepping_back = {"node2"};
  CHECK_THAT(about(p, "moves"), Contains("node2 is drained and is not to lead") &&
                                    !Contains("is to lead when all is well"));
}

TEST_CASE("what an operator has placed", "[explain]") {
  auto p = of_three();
  const auto is_told = [&p] {
    return std::ranges::any_of(tell(p), [](const auto& s) { return s.about == "pinned"; });
  };
  CHECK_FALSE(is_told());
  p.pinned_since = "2026-11-29T00:00:00.000Z";
  REQUIRE(is_told());
  CHECK_THAT(about(p, "pinned"), Contains("2026-11-29T00:00:00.000Z") && Contains("operator") &&
                                     Contains("shard unpin " + std::to_string(p.shard)));
}

TEST_CASE("why writes wait or are refused", "[explain]") {
  auto p = of_three();
  auto& leader = p.replicas.front();
  leader.store_stopped = true;
  CHECK_THAT(about(p, "writes"), Contains("the store of node1 has stopped them"));
  leader.store_stopped = false;
  leader.delayed_bytes_per_s = 3 << 20;
  leader.bad_disk = true;
  CHECK_THAT(about(p, "writes"), Contains("takes 3 MiB a second; slow: the disk of node1"));
  leader.is_full = true;
  leader.inflight = 4096;
  CHECK_THAT(about(p, "writes"), Contains("4096 changes are in flight"));
  p = of_three();
  p.room = explain::room_state{"r1", "Lobby", true, false};
  CHECK_THAT(about(p, "room"), Equals("Lobby (r1) is in shard 7, and goes wherever that goes"));
  CHECK_THAT(about(p, "writes"), Contains("the room is archived"));
  p.room->deleted = true;
  CHECK_THAT(about(p, "writes"), Equals("refused: the room is deleted"));
}

TEST_CASE("the only replica", "[explain]") {
  picture p;
  p.wanted = p.voters = {"node1"};
  explain::replica r;
  r.node = "node1";
  r.leads = true;
  r.last = 1;
  r.group = {{"node1", true, 0}};
  p.replicas = {r};
  CHECK_THAT(about(p, "leader"), Contains("with 1 entry so far"));
  CHECK_THAT(about(p, "writes"), Equals("are taken"));
  CHECK_THAT(about(p, "if node1 stops"), Contains("there is no other replica"));
  CHECK(about(p, "if another stops").empty());
}

TEST_CASE("a replica crosses the link as it is; what is missing is as by default", "[explain]") {
  const auto before = of_three().replicas.front();
  const auto after = explain::replica_of(explain::to_json(before));
  CHECK(explain::to_json(after) == explain::to_json(before));
  CHECK(after.group.size() == 3);
  const auto odd = explain::replica_of({{"node", "node9"}, {"term", "x"}, {"group", {1, 2}}});
  CHECK(odd.node == "node9");
  CHECK(odd.term == 0);
  CHECK(odd.group.empty());
  CHECK_FALSE(odd.leads);
}

// SPDX-License-Identifier: MIT
#include "actors/cluster_status.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace greenroom::actors;
using cluster_status::circumstances;
using cluster_status::judge;
using nlohmann::json;

namespace {

json shard(int number, const char* state, json lag, const char* leader = "n1") {
  return {{"shard", number},       {"state", state},
          {"leader", leader},      {"replicas", {"n1", "n2", "n3"}},
          {"lag", std::move(lag)}, {"settled", true}};
}

json verdict(const std::vector<json>& rows, const std::string& check) {
  const auto it = std::find_if(rows.begin(), rows.end(),
                               [&](const json& row) { return row["check"] == check; });
  REQUIRE(it != rows.end());
  return *it;
}

const json unknown_lag{nullptr, nullptr, nullptr};

}  // namespace

TEST_CASE("all is well", "[cluster_status]") {
  const auto rows = judge({shard(0, "led", {0, 0, 0}), shard(1, "led", {0, 3, 0})}, {});
  REQUIRE(rows.size() == 6);
  for (const auto& row : rows) {
    CHECK(row["state"] == "ok");
  }
}

TEST_CASE("what is wrong with shards and nodes", "[cluster_status]") {
  circumstances around;
  around.missing = {"n3"};
  around.stepping_back = {"n2 (drained)"};
  const auto rows = judge({shard(0, "led", {0, 0, nullptr}), shard(1, "leaderless", unknown_lag),
                           shard(2, "degraded", {0, 0, nullptr}), shard(3, "moving", {0, 0, 0})},
                          around);
  CHECK(verdict(rows, "nodes")["detail"] == "n3");
  CHECK(verdict(rows, "leaders")["state"] == "leaderless");
  CHECK(verdict(rows, "leaders")["detail"] == "1");
  CHECK(verdict(rows, "replicas")["detail"] == "2");
  CHECK(verdict(rows, "quorum")["state"] == "critical");
  CHECK(verdict(rows, "quorum")["detail"] == "n1, n2 (shards 0, 2, 3)");
  CHECK(verdict(rows, "moves")["detail"] == "3");
  CHECK(verdict(rows, "drained")["detail"] == "n2 (drained)");
}

TEST_CASE("nodes that cannot be spared are told with what would stop", "[cluster_status]") {
  std::vector<json> rows;
  for (const int n : {0, 1, 2, 4, 6, 7}) {
    rows.push_back(shard(n, "degraded", {0, 0, nullptr}));
  }
  rows.push_back(shard(5, "degraded", {nullptr, 0, 0}));
  rows.push_back(shard(3, "led", {0, 0, 0}));
  CHECK(verdict(judge(rows, {}), "quorum")["detail"] ==
        "n1 (shards 0-2, 4, 6, 7), n2 (shards 0-2, 4-7), n3 (shard 5)");
}

TEST_CASE("shards are listed by number", "[cluster_status]") {
  std::vector<json> rows;
  for (const int n : {10, 2, 1}) {
    rows.push_back(shard(n, "leaderless", unknown_lag));
  }
  CHECK(verdict(judge(rows, {}), "leaders")["detail"] == "1, 2, 10");
}

TEST_CASE("a node that does not answer is not counted on, also before its leaders notice",
          "[cluster_status]") {
  circumstances around;
  around.missing = {"n3"};
  const auto quorum = verdict(judge({shard(1, "led", {0, 0, 4})}, around), "quorum");
  CHECK(quorum["state"] == "critical");
  CHECK(quorum["detail"] == "n1, n2 (shard 1)");
}

TEST_CASE("a leader that has just been elected is no fault", "[cluster_status]") {
  const std::vector<json> young{shard(4, "unknown", unknown_lag), shard(5, "led", {0, 0, 0})};
  const auto replicas = verdict(judge(young, {}), "replicas");
  CHECK(replicas["state"] == "ok");
  CHECK(replicas["detail"].get<std::string>().find("of 1 ") != std::string::npos);
  CHECK(verdict(judge(young, {}), "quorum")["state"] == "ok");

  // One that does not answer is.
  circumstances around;
  around.missing = {"n1"};
  CHECK(verdict(judge(young, around), "replicas")["detail"] == "4");
}

TEST_CASE("a shard with one replica stops with its node, unless that is meant",
          "[cluster_status]") {
  auto lone = shard(1, "led", {0});
  lone["replicas"] = {"n1"};
  CHECK(verdict(judge({lone}, {}), "quorum")["detail"] == "n1 (shard 1)");
  lone["settled"] = false;
  CHECK(verdict(judge({lone}, {}), "quorum")["state"] == "ok");
  lone["settled"] = true;
  circumstances around;
  around.one_replica_is_meant = true;
  around.why_one = "there are too few nodes";
  CHECK(verdict(judge({lone}, around), "quorum")["state"] == "ok");
  CHECK(verdict(judge({lone}, around), "quorum")["detail"] == "there are too few nodes");
}

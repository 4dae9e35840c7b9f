// SPDX-License-Identifier: MIT
#include "actors/actor_tree.hpp"

#include <catch2/catch.hpp>

using namespace greenroom::actors;

namespace {

actor_view actor(std::uint64_t id, actor_kind kind, std::string name, std::string parent) {
  actor_view a;
  a.id = id;
  a.kind = kind;
  a.name = std::move(name);
  a.parent = std::move(parent);
  return a;
}

/// "depth kind name", line by line.
std::vector<std::string> lines(const std::vector<actor_view>& all, std::size_t most = 40) {
  std::vector<std::string> out;
  for (const auto& row : tree_of(all, "node1", most)) {
    CHECK(row["node"] == "node1");
    out.push_back(row["depth"].dump() + " " + row["kind"].get<std::string>() + " " +
                  row["name"].get<std::string>());
  }
  return out;
}

}  // namespace

TEST_CASE("actors stand below those that look after them") {
  const std::vector<actor_view> all{
      actor(2, actor_kind::cluster, "cluster", "node"), actor(5, actor_kind::room, "r", "shard 3"),
      actor(1, actor_kind::node, "node1", ""), actor(3, actor_kind::shard, "3", "node"),
      actor(4, actor_kind::link, "node2", "cluster")};
  CHECK(lines(all) == std::vector<std::string>{"0 node node1", "1 cluster cluster", "2 link node2",
                                               "1 shard 3", "2 room r"});
}

TEST_CASE("many children are counted") {
  std::vector<actor_view> all{actor(1, actor_kind::node, "node1", "")};
  for (std::uint64_t n = 2; n < 7; ++n) {
    all.push_back(actor(n, actor_kind::connection, std::to_string(n), "node"));
    all.push_back(actor(n + 10, actor_kind::session, "s", "connection " + std::to_string(n)));
  }
  CHECK(lines(all, 2) == std::vector<std::string>{"0 node node1", "1 connection 2", "2 session s",
                                                  "1 connection 3", "2 session s", "1 … 3 more"});
}

TEST_CASE("who has lost his parent is shown all the same, once") {
  const std::vector<actor_view> all{actor(1, actor_kind::node, "node1", ""),
                                    actor(2, actor_kind::session, "a", "connection 9"),
                                    actor(3, actor_kind::session, "a", "session a")};
  CHECK(lines(all) == std::vector<std::string>{"0 node node1", "0 session a", "1 session a"});
}

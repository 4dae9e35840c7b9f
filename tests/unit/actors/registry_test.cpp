// SPDX-License-Identifier: MIT
#include "actors/registry.hpp"

#include <catch2/catch.hpp>

using namespace greenroom::actors;

namespace {

const kind_totals& of(const std::array<kind_totals, actor_kind_count>& all, actor_kind kind) {
  return all[static_cast<std::size_t>(kind)];
}

}  // namespace

TEST_CASE("figures are those of the whole view, and are completed for who is still there") {
  registry r;
  const auto first = r.enter({actor_kind::room, "a", "shard 1"}, 2);
  const auto second = r.enter({actor_kind::room, "b", "shard 2"}, 1);
  const auto third = r.enter({actor_kind::shard, "1", "node"}, 3);
  first->enqueued = 10;
  first->handled = 4;
  first->set_report("well");
  auto rooms = r.figures(actor_kind::room, {});
  REQUIRE(rooms.size() == 2);
  CHECK(rooms[0].id == 1);
  CHECK(rooms[1].queue_depth == 6);
  CHECK(rooms[1].name.empty());
  r.leave(second);
  r.complete(rooms);
  REQUIRE(rooms.size() == 1);
  CHECK(rooms[0].id == 2);
  CHECK(rooms[0].name == "a");
  CHECK(rooms[0].parent == "shard 1");
  CHECK(rooms[0].report == "well");
  CHECK(rooms[0].queue_depth == 6);
  const auto children = r.figures({}, "node");
  REQUIRE(children.size() == 1);
  CHECK(children[0].id == 3);
  CHECK(r.figures({}, "shard 2").empty());
  REQUIRE(r.snapshot({}, 100).size() == 2);
  CHECK(r.snapshot({}, 1)[0].kind == actor_kind::shard);
  CHECK(r.snapshot({}, 100)[1].name == "a");
}

TEST_CASE("one actor is found by its id, and whose parent it is is counted") {
  registry r;
  const auto node = r.enter({actor_kind::node, "node1", ""}, 1);
  const auto shard = r.enter({actor_kind::shard, "1", "node"}, 2);
  const auto other = r.enter({actor_kind::shard, "12", "node"}, 18);  // of the same stripe as 2
  const auto room = r.enter({actor_kind::room, "a", "shard 1"}, 3);
  const auto user = r.enter({actor_kind::user, "a", "shard 1"}, 4);
  const auto far = r.enter({actor_kind::room, "b", "shard 12"}, 5);
  shard->enqueued = 10;
  shard->handled = 4;
  shard->set_report("well");
  const auto found = r.find(2);
  REQUIRE(found);
  CHECK(found->id == 2);
  CHECK(found->kind == actor_kind::shard);
  CHECK(found->name == "1");
  CHECK(found->parent == "node");
  CHECK(found->report == "well");
  CHECK(found->queue_depth == 6);
  CHECK(r.find(18)->name == "12");
  CHECK_FALSE(r.find(34));
  CHECK(r.count_children(actor_kind::shard, "1") == 2);
  CHECK(r.count_children(actor_kind::shard, "12") == 1);
  CHECK(r.count_children(actor_kind::node, "node1") == 2);
  CHECK(r.count_children(actor_kind::room, "a") == 0);
  r.leave(room);
  CHECK(r.count_children(actor_kind::shard, "1") == 1);
  r.leave(shard);
  CHECK_FALSE(r.find(2));
}

TEST_CASE("the totals of a kind are those of its actors, and keep what has ended") {
  registry r;
  const auto first = r.enter({actor_kind::room, "a", "shard 1"}, 1);
  const auto second = r.enter({actor_kind::room, "b", "shard 1"}, 2);
  r.enter({actor_kind::user, "c", "shard 1"}, 3);
  first->enqueued = 10;
  first->handled = 4;
  first->busy_ns = 100;
  second->enqueued = 3;
  second->handled = 2;
  second->errors = 1;
  auto rooms = of(r.totals(), actor_kind::room);
  CHECK(rooms.actors == 2);
  CHECK(rooms.queued == 7);
  CHECK(rooms.longest_queue == 6);
  CHECK(rooms.handled == 6);
  CHECK(rooms.busy_ns == 100);
  CHECK(rooms.errors == 1);
  CHECK(of(r.totals(), actor_kind::user).actors == 1);
  CHECK(of(r.totals(), actor_kind::relay).actors == 0);

  r.leave(first);
  r.leave(first);  // counts once
  rooms = of(r.totals(), actor_kind::room);
  CHECK(rooms.actors == 1);
  CHECK(rooms.queued == 1);
  CHECK(rooms.handled == 6);
  CHECK(rooms.busy_ns == 100);
}

// SPDX-License-Identifier: MIT
#include "actors/registry.hpp"

#include <catch2/catch.hpp>

using namespace greenroom::actors;

namespace {

const kind_totals& of(const std::array<kind_totals, actor_kind_count>& all, actor_kind kind) {
  return all[static_cast<std::size_t>(kind)];
}

}  // namespace

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

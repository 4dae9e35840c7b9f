// SPDX-License-Identifier: MIT
#include "actors/online_users.hpp"

#include <catch2/catch.hpp>

using namespace greenroom;
using namespace greenroom::actors;
using namespace std::chrono_literals;

namespace {

using status = protocol::presence_status;

const auto anna = user_id_of("anna");
const auto bob = user_id_of("bob");
const auto node1 = user_id_of("node 1");
const auto node2 = user_id_of("node 2");
const auto now = online_users::clock::now();

user_attach from(const node_id& node, std::uint64_t order, status s = status::online,
                 unix_ms at = 0) {
  return {{}, node, order, s, at};
}

}  // namespace

TEST_CASE("somebody is there until his last node is gone", "[online]") {
  online_users people(3);
  const auto came = people.attach(anna, from(node1, 1), now);
  REQUIRE(came.has_value());
  CHECK(came->is_online);
  CHECK_FALSE(people.attach(anna, from(node2, 1), now).has_value());
  CHECK_FALSE(people.attach(anna, from(node1, 2), now).has_value());
  CHECK_FALSE(people.detach(anna, node1, 3, now).has_value());
  CHECK(people.nodes_of(anna) == std::vector{node2});
  const auto went = people.detach(anna, node2, 2, now);
  REQUIRE(went.has_value());
  CHECK_FALSE(went->is_online);
  CHECK(went->status == status::offline);
  CHECK(went->version > came->version);
  CHECK(people.size() == 0);
}

TEST_CASE("of what overtakes each other the later one counts", "[online]") {
  online_users people;
  people.attach(anna, from(node1, 5), now);
  CHECK_FALSE(people.detach(anna, node1, 4, now).has_value());
  CHECK(people.is_online(anna));
  people.detach(anna, node1, 6, now);
  CHECK_FALSE(people.attach(anna, from(node1, 5), now).has_value());
  CHECK_FALSE(people.is_online(anna));
  CHECK(people.attach(anna, from(node1, 7), now).has_value());
  CHECK_FALSE(people.detach(bob, node1, 9, now).has_value());
  CHECK_FALSE(people.attach(bob, from(node1, 8), now).has_value());
  CHECK_FALSE(people.is_online(bob));
}

TEST_CASE("the latest wish to be seen counts, until one goes", "[online]") {
  online_users people;
  CHECK_FALSE(people.set_status(anna, status::dnd, 10).has_value());
  people.attach(anna, from(node1, 1), now);
  const auto away = people.set_status(anna, status::away, 10);
  REQUIRE(away.has_value());
  CHECK(away->status == status::away);
  CHECK_FALSE(people.set_status(anna, status::dnd, 9).has_value());
  CHECK_FALSE(people.attach(anna, from(node2, 1, status::online, 0), now).has_value());
  CHECK(people.look(anna).status == status::away);
  const auto dnd = people.attach(anna, from(node2, 2, status::dnd, 11), now);
  REQUIRE(dnd.has_value());
  CHECK(dnd->status == status::dnd);
  people.detach(anna, node1, 2, now);
  people.detach(anna, node2, 3, now);
  CHECK(people.attach(anna, from(node1, 4), now)->status == status::online);
}

TEST_CASE("a new leader hears the wish from whoever attaches", "[online]") {
  online_users before(7);
  before.attach(anna, from(node1, 1), now);
  const auto last = before.set_status(anna, status::dnd, 10);
  online_users after(8);
  const auto first = after.attach(anna, from(node1, 2, status::dnd, 10), now);
  CHECK(first->status == status::dnd);
  CHECK(first->version > last->version);
}

TEST_CASE("a node that is gone takes its people with it, and watches no more", "[online]") {
  online_users people;
  people.attach(anna, from(node1, 1), now);
  people.attach(bob, from(node1, 2), now);
  people.attach(bob, from(node2, 1), now);
  people.watch({node1, true, {anna, bob}, {}});
  CHECK(people.nodes().size() == 2);
  CHECK(people.drop_node(node1) == std::vector{anna});
  CHECK(people.is_online(bob));
  CHECK(people.watchers_of(anna).empty());
  CHECK(people.nodes() == std::vector{node2});
}

TEST_CASE("what is not confirmed expires", "[online]") {
  online_users people;
  people.attach(anna, from(node1, 1), now);
  people.attach(bob, from(node1, 2), now + 10s);
  CHECK(people.expire(now + 5s) == std::vector{anna});
  CHECK(people.is_online(bob));
}

TEST_CASE("who watches whom", "[online]") {
  online_users people;
  CHECK(people.watch({node1, true, {anna, bob}, {}}) == 2);
  CHECK(people.watch({node2, true, {anna}, {}}) == 1);
  CHECK(people.watchers_of(anna).size() == 2);
  CHECK(people.watch({node1, false, {anna}, {bob}}) == 1);
  CHECK(people.watchers_of(bob).empty());
  people.attach(anna, from(node2, 1), now);
  CHECK(people.watched_offline().empty());
  people.detach(anna, node2, 2, now);
  CHECK(people.watched_offline().at(node1) == std::vector{anna});
  CHECK(people.watch({node1, true, {}, {}}) == 0);
  CHECK(people.watchers_of(anna) == std::vector{node2});
}

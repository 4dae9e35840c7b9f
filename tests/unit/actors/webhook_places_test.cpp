// SPDX-License-Identifier: MIT
#include "actors/webhook_places.hpp"

#include <catch2/catch.hpp>

using namespace greenroom;
using namespace greenroom::actors;
using namespace std::chrono_literals;

namespace {

const webhook_places::clock::time_point now{1h};

uuid named(const std::string& name) {
  return uuid::v5(id_namespace, name);
}

}  // namespace

TEST_CASE("a room holds no more than its share of the places", "[webhooks]") {
  webhook_places places({.all = 8, .each_room = 2});
  const auto greedy = named("greedy"), hook = named("hook");
  std::vector<std::uint64_t> tickets;
  while (places.is_free_for(greedy, hook)) {
    REQUIRE(tickets.size() < 8);
    tickets.push_back(places.take(greedy, named(std::to_string(tickets.size())), now));
  }
  CHECK(tickets.size() == 2);
  CHECK(places.is_free_for(named("other"), hook));
  CHECK(places.give_back(tickets[0], true, now));
  CHECK(places.is_free_for(greedy, hook));
}

TEST_CASE("all rooms together hold no more places than there are", "[webhooks]") {
  webhook_places places({.all = 3, .each_room = 2});
  for (const auto* room : {"a", "b", "c"})
    places.take(named(room), named("hook"), now);
  CHECK_FALSE(places.is_free_for(named("d"), named("hook")));
  CHECK_FALSE(places.is_free_for(named("a"), named("hook")));
  CHECK(places.taken() == 3);
}

TEST_CASE("slow webhooks of many rooms leave places to quick ones", "[webhooks]") {
  webhook_places places({.all = 4, .each_room = 2, .slow = 2, .quick = 2s});
  const auto quick = named("quick"), slow = named("slow"), vain = named("vain");
  // What one is like shows by its last attempt.
  places.give_back(places.take(named("a"), quick, now), true, now + 2s);
  places.give_back(places.take(named("b"), slow, now), true, now + 2001ms);
  places.give_back(places.take(named("c"), vain, now), false, now);
  const auto first = places.take(named("b"), slow, now);
  places.take(named("c"), vain, now);
  CHECK_FALSE(places.is_free_for(named("b"), slow));
  CHECK_FALSE(places.is_free_for(named("c"), vain));
  CHECK(places.is_free_for(named("a"), quick));
  CHECK(places.is_free_for(named("d"), named("new")));
  // Who has become quick is so again.
  CHECK(places.give_back(first, true, now + 1s));
  places.take(named("c"), vain, now);
  CHECK(places.is_free_for(named("b"), slow));
  CHECK_FALSE(places.is_free_for(named("d"), vain));
}

TEST_CASE("a place is given back once", "[webhooks]") {
  webhook_places places({.all = 8, .each_room = 1});
  const auto room = named("room"), hook = named("hook");
  const auto first = places.take(room, hook, now);
  CHECK(first != 0);
  CHECK(places.give_back(first, true, now));
  const auto second = places.take(room, hook, now);
  CHECK(second != first);
  CHECK_FALSE(places.give_back(first, true, now));
  CHECK(places.taken() == 1);
  CHECK_FALSE(places.is_free_for(room, hook));
}

TEST_CASE("an attempt that does not end is found", "[webhooks]") {
  webhook_places places({.within = 30s});
  const auto stuck = places.take(named("room"), named("stuck"), now);
  places.take(named("room"), named("other"), now + 1ms);
  const auto late = places.overdue(now + 30s);
  REQUIRE(late.size() == 1);
  CHECK(late[0] == std::pair(stuck, named("stuck")));
  CHECK(places.overdue(now + 30s - 1ms).empty());
}

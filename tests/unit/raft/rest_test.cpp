// SPDX-License-Identifier: MIT
#include "raft/rest.hpp"

#include <algorithm>

#include "unit/raft/world.hpp"

namespace greenroom::raft::test {

namespace {

/// Everybody rests at the end of the same log.
bool all_rest(world& w) {
  for (const auto id : w.members()) {
    if (!w.alive(id) || !w.node(id).resting()) return false;
  }
  return true;
}

void run_to_rest(world& w) {
  for (int i = 0; i < 500 && !all_rest(w); ++i)
    w.run(10);
  REQUIRE(all_rest(w));
}

/// How many entries of its log a server has in memory: whoever keeps one shares its bytes with the
/// disk of these tests.
std::size_t kept_in_memory(const world& w, server_id id) {
  return static_cast<std::size_t>(std::ranges::count_if(
      w.disk(id).entries(), [](const auto& e) { return e.second.data.use_count() > 1; }));
}

}  // namespace

TEST_CASE("time stands still for who rests, and goes on from there") {
  resting_clock c;
  CHECK(c.at(100) == 100);
  CHECK_FALSE(c.resting());
  c.rest();
  CHECK(c.at(5000) == 100);
  CHECK(c.resting());
  c.go_on(0);
  CHECK(c.at(5000) == 100);
  CHECK(c.at(5010) == 110);
  CHECK(c.for_owner(120) == 5020);
  CHECK(c.for_owner(resting_clock::never) == resting_clock::never);

  SECTION("of what was missed no more counts than there was") {
    c.rest();
    CHECK(c.at(6010) == 110);
    c.go_on(300);
    CHECK(c.at(6010) == 410);
    c.rest();
    CHECK(c.at(6020) == 410);
    c.go_on(300);
    CHECK(c.at(6020) == 420);
  }
  SECTION("it never runs backwards") {
    CHECK(c.at(4000) == 110);
  }
}

TEST_CASE("a group that has nothing to do says nothing, and nobody misses it") {
  world w(calm());
  const auto leader = next_leader(w);
  const auto term = w.status(leader).term;
  run_to_rest(w);
  for (const auto id : w.ids())
    CHECK(w.node(id).next_time() == resting_clock::never);
  const auto rests = w.rests();
  for (int i = 0; i < 1000; ++i) {
    w.run(10);
    REQUIRE(all_rest(w));
  }
  CHECK(w.rests() <= rests + 3);
  CHECK(w.status(leader).role == role::leader);
  CHECK(w.status(leader).term == term);
  // It is as good as before.
  REQUIRE(w.propose(leader));
  w.run(50);
  CHECK(w.acknowledged() == 1);
  CHECK(w.status(leader).term == term);
  run_to_rest(w);
  w.check_end();
}

TEST_CASE("who rests sees others as heard of just now") {
  world w(calm());
  const auto leader = next_leader(w);
  run_to_rest(w);
  w.run(10'000);
  w.node(leader).on_time(w.now());
  for (const auto& s : w.node(leader).group().servers) {
    if (s.id != leader) CHECK(s.last_contact == w.now());
  }
}

TEST_CASE("a resting group without its leader elects another") {
  world w(calm());
  const auto first = next_leader(w);
  run_to_rest(w);
  w.run(1000);
  w.crash(first);
  const auto second = next_leader(w);
  CHECK(second != first);
  // Nobody comes to rest without the third.
  w.run(3000);
  CHECK_FALSE(all_rest(w));
  w.restart(first);
  run_to_rest(w);
  w.check_end();
}

TEST_CASE("who has missed the word finds the others well") {
  world w(calm());
  const auto leader = next_leader(w);
  const auto term = w.status(leader).term;
  run_to_rest(w);
  // A follower that goes on alone asks for votes, which nobody who has a leader gives.
  const auto other = other_than(leader);
  w.node(other).wake(w.now(), 0);
  CHECK_FALSE(w.node(other).resting());
  run_to_rest(w);
  CHECK(w.status(leader).term == term);
  CHECK(w.leader() == leader);
}

TEST_CASE("a group that changes does not rest before it has changed") {
  world w(calm(3, 3, 1));
  next_leader(w);
  run_to_rest(w);
  REQUIRE(w.change_to({1, 2, 3, 4}));
  run_to_rest(w);
  REQUIRE(w.change_to({2, 3, 4}));
  next_leader(w);
  run_to_rest(w);
  w.check_end();
}

TEST_CASE("who rests has nothing of the log in memory, and the disk has it for who comes late") {
  world w(calm(5, 3, 1));
  const auto leader = next_leader(w);
  for (int i = 0; i < 20; ++i)
    REQUIRE(w.propose(leader));
  w.run(50);
  REQUIRE(w.acknowledged() == 20);
  for (const server_id id : {1, 2, 3})
    CHECK(kept_in_memory(w, id) >= 20);
  run_to_rest(w);
  for (const server_id id : {1, 2, 3})
    CHECK(kept_in_memory(w, id) == 0);
  REQUIRE(w.change_to({1, 2, 3, 4}));
  run_to_rest(w);
  CHECK(w.status(4).applied_index == w.status(leader).applied_index);
  CHECK(w.disk(4).entries().size() >= 20);
  for (const server_id id : {1, 2, 3, 4})
    CHECK(kept_in_memory(w, id) == 0);
  REQUIRE(w.propose(leader));
  w.run(50);
  CHECK(w.acknowledged() == 21);
  w.check_end();
}

}  // namespace greenroom::raft::test

// SPDX-License-Identifier: MIT
/// Servers whose disks are nearly full.

#include "unit/raft/world.hpp"

namespace greenroom::raft::test {

namespace {

void write(world& w, server_id leader, int count) {
  for (int i = 0; i < count; ++i) {
    REQUIRE(w.propose(leader));
    w.run(2);
  }
}

}  // namespace

TEST_CASE("who has no room takes nothing, disturbs nobody and catches up") {
  world w(calm(9));
  const auto first = next_leader(w);
  w.run(200);
  const auto full = other_than(first);
  const auto term = w.status(first).term;
  w.fill_disk(full);
  const auto kept = w.status(full).last_index;
  std::size_t asked = 0;
  for (int i = 0; i < 500; ++i) {
    w.propose(first);
    w.run(10);
    // Who asks for votes knows no leader.
    asked += w.status(full).role == role::follower ? 0 : 1;
  }
  w.run(100);
  CHECK(asked == 0);
  CHECK(w.status(first).term == term);
  CHECK(w.acknowledged() == 500);
  CHECK(w.status(full).last_index == kept);
  // It votes for who has the log, with whom it then agrees on nothing.
  w.crash(first);
  const auto second = next_leader(w);
  CHECK(second == server_id{6} - first - full);
  const auto later = w.status(second).term;
  REQUIRE(w.propose(second));
  w.run(5000);
  CHECK(w.acknowledged() == 500);
  CHECK(w.leader() == second);
  CHECK(w.status(second).term == later);
  w.fill_disk(full, false);
  w.run(1000);
  CHECK(w.acknowledged() == 501);
  CHECK(w.status(full).last_index == w.status(second).last_index);
  w.restart(first);
  w.check_end();
}

TEST_CASE("who has no room fetches no state") {
  auto o = calm(4);
  o.log_entries_max = 40;
  world w(o);
  const auto first = next_leader(w);
  write(w, first, 10);
  const auto full = other_than(first);
  w.fill_disk(full);
  write(w, first, 400);
  w.node(first).cut_log(w.now());
  w.run(3000);
  CHECK(w.states_fetched() == 0);
  REQUIRE(w.status(first).first_index > w.status(full).last_index + 1);
  CHECK(w.leader() == first);
  w.fill_disk(full, false);
  write(w, first, 40);
  w.run(2000);
  CHECK(w.states_fetched() >= 1);
  CHECK(w.status(full).applied_index == w.status(first).applied_index);
  w.check_end();
}

TEST_CASE("who takes nothing is sent one entry at a time") {
  world w(calm(10));
  const auto first = next_leader(w);
  const auto full = other_than(first);
  const auto third = server_id{6} - first - full;
  write(w, first, 10);
  w.fill_disk(full);
  write(w, first, 400);
  w.run(1000);  // it has answered for long enough
  const auto before = w.bytes_sent(full);
  const auto usual = w.bytes_sent(third);
  // Heartbeats go on, so that the group does not rest.
  w.run(10'000);
  CHECK(w.leader() == first);
  CHECK(w.bytes_sent(third) > usual);
  CHECK(w.bytes_sent(full) - before < 4 * (w.bytes_sent(third) - usual));
  w.fill_disk(full, false);
  w.run(1000);
  CHECK(w.status(full).applied_index == w.status(first).applied_index);
  w.check_end();
}

}  // namespace greenroom::raft::test

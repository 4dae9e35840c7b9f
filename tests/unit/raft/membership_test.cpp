// SPDX-License-Identifier: MIT
#include "raft/wire.hpp"
#include "unit/raft/world.hpp"

namespace greenroom::raft::test {

namespace {

std::size_t voters_of(const group_status& g) {
  return static_cast<std::size_t>(std::ranges::count_if(g.servers, &server_status::voter));
}

void say(world& w, int count) {
  for (int i = 0; i < count; ++i) {
    if (const auto first = w.leader()) w.propose(*first);
    w.run(2);
  }
}

ec code_of(const expected<void>& r) {
  REQUIRE_FALSE(r);
  return r.error().code;
}

}  // namespace

TEST_CASE("membership: a group of one grows to three with servers that come empty") {
  world w(calm(1, 1, 2));
  CHECK(next_leader(w) == 1);
  say(w, 300);
  CHECK(w.node(2).group().servers.empty());

  REQUIRE(w.node(1).add(2, w.now()));
  CHECK_FALSE(w.node(1).group().committed);
  // One at a time, and what is so already is no error.
  CHECK(code_of(w.node(1).add(3, w.now())) == ec::conflict);
  w.run(50);
  const auto with_standby = w.node(1).group();
  CHECK(with_standby.committed);
  REQUIRE(with_standby.find(2) != nullptr);
  CHECK_FALSE(with_standby.find(2)->voter);
  CHECK(w.node(1).add(2, w.now()));
  w.run(500);
  const auto* standby = w.node(1).group().find(2);
  REQUIRE(standby != nullptr);
  CHECK(w.node(1).group().find(2)->caught_up);
  CHECK(w.node(1).group().find(2)->match_index == w.status(1).last_index);
  CHECK(w.now() - w.node(1).group().find(2)->last_contact < 100);
  CHECK(w.status(2).applied_index == w.status(1).applied_index);

  REQUIRE(w.change_to({1, 2, 3}));
  CHECK(voters_of(w.node(1).group()) == 3);
  // Any one may go now.
  const auto before = w.acknowledged();
  w.crash(1);
  REQUIRE(w.run_to_leader());
  say(w, 20);
  CHECK(w.acknowledged() > before);
  w.restart(1);
  w.check_end();
}

TEST_CASE("membership: a server without the log is not given a vote") {
  world w(calm(2, 1, 2));
  CHECK(next_leader(w) == 1);
  w.isolate(2);
  REQUIRE(w.node(1).add(2, w.now()));
  say(w, 200);
  CHECK(w.node(1).group().committed);
  CHECK(code_of(w.node(1).promote(2, w.now())) == ec::unavailable);
  CHECK(code_of(w.node(1).promote(3, w.now())) == ec::conflict);
  w.heal();
  w.run(500);
  CHECK(w.node(1).promote(2, w.now()));
  w.run(50);
  // It had caught up once, but that was long ago.
  REQUIRE(w.change_to({1, 2}));
  w.isolate(3);
  REQUIRE(w.node(1).add(3, w.now()));
  w.run(200);
  w.heal();
  w.run(500);
  CHECK(w.node(1).group().find(3)->caught_up);
  w.isolate(3);
  w.run(1000);
  CHECK(code_of(w.node(1).promote(3, w.now())) == ec::unavailable);
  w.check_end();
}

TEST_CASE("membership: a leader that removes itself steps down and disturbs nobody") {
  world w(calm(3));
  const auto first = next_leader(w);
  w.run(200);
  // A leader without an entry of its own term sees to that first.
  while (!w.node(first).remove(first, w.now()))
    w.run(20);
  say(w, 5);
  w.run(20);
  CHECK(w.status(first).role == role::follower);
  const auto second = next_leader(w);
  CHECK(second != first);
  const auto term = w.status(second).term;
  const auto left = w.node(second).group();
  CHECK(left.servers.size() == 2);
  CHECK(left.find(first) == nullptr);
  w.run(5000);
  CHECK(w.leader() == second);
  CHECK(w.status(second).term == term);

  // Two are left: the leader cannot go, the other can, and the last one cannot.
  const auto other = left.servers[0].id == second ? left.servers[1].id : left.servers[0].id;
  say(w, 3);
  CHECK(code_of(w.node(second).remove(second, w.now())) == ec::conflict);
  REQUIRE(w.node(second).remove(other, w.now()));
  w.run(50);
  CHECK(code_of(w.node(second).remove(second, w.now())) == ec::conflict);
  say(w, 10);
  CHECK(w.status(second).applied_index == w.status(second).last_index);
  w.check_end();
}

TEST_CASE("membership: who is to lead alone does so in a term of its own") {
  world w(calm(4, 2));
  REQUIRE(w.run_to_leader());
  const auto first = *w.leader();
  const auto other = server_id{3} - first;
  say(w, 5);
  while (!w.node(first).remove(other, w.now()))
    w.run(20);
  w.run(100);
  REQUIRE(w.node(first).group().servers.size() == 1);
  // Something of a later term reaches it: it steps down, and has nobody to ask for a vote.
  const auto term = w.status(first).term + 4;
  w.node(first).receive(other, encode(append_result{.term = term, .last_index = 1}), w.now());
  CHECK(w.status(first).role == role::follower);
  w.run(1000);
  CHECK(w.status(first).role == role::leader);
  CHECK(w.status(first).term == term + 1);
  w.run(50);
  CHECK(w.disk(first).hard() == store::hard_state{.term = term + 1, .voted_for = first});
  // Asked for a vote in its own term, it has given that to itself.
  w.node(first).receive(other,
                        encode(request_vote{.term = term + 1,
                                            .candidate = other,
                                            .last_index = 1000,
                                            .last_term = term,
                                            .disrupt_leader = true}),
                        w.now());
  CHECK(w.status(first).role == role::leader);
  say(w, 5);
  w.check_end();
}

TEST_CASE("membership: a server that has not heard of its vote yet gives it") {
  world w(calm(5, 2, 1));
  const auto first = next_leader(w);
  say(w, 10);
  while (!w.node(first).add(3, w.now()))
    w.run(20);
  w.run(500);
  // The other two agree on its vote without it, and the leader dies.
  w.isolate(3);
  REQUIRE(w.node(first).promote(3, w.now()));
  w.run(30);
  REQUIRE(w.node(first).group().committed);
  w.crash(first);
  w.run(5);  // what it has sent to the third is lost
  w.heal();
  REQUIRE(w.run_to_leader());
  CHECK(w.leader() == server_id{3} - first);
  w.run(200);
  CHECK(w.node(3).group().find(3)->voter);
  w.check_end();
}

TEST_CASE("membership: a change that did not get through is taken back") {
  world w(calm(6, 3, 1));
  const auto first = next_leader(w);
  say(w, 5);
  w.isolate(first);
  REQUIRE(w.node(first).add(4, w.now()));
  w.run(20);
  CHECK(w.node(first).group().servers.size() == 4);
  CHECK_FALSE(w.node(first).group().committed);
  w.run(1000);
  w.heal();
  w.run(1000);
  say(w, 5);
  w.run(100);
  const auto group = w.node(first).group();
  CHECK(group.servers.size() == 3);
  CHECK(group.committed);
  w.check_end();
}

TEST_CASE("membership: only a leader changes the group") {
  world w(calm(7, 3, 1));
  const auto first = next_leader(w);
  const auto other = other_than(first);
  CHECK(code_of(w.node(other).add(4, w.now())) == ec::unavailable);
  CHECK(code_of(w.node(other).promote(4, w.now())) == ec::unavailable);
  CHECK(code_of(w.node(other).remove(4, w.now())) == ec::unavailable);
  // Not before an entry of its own term is committed; it sees to that.
  CHECK(code_of(w.node(first).remove(4, w.now())) == ec::unavailable);
  w.run(300);
  CHECK(w.node(first).remove(4, w.now()));
  CHECK(code_of(w.node(first).add(0, w.now())) == ec::internal);
  CHECK(w.node(other).group().find(first)->last_contact == 0);
  w.check_end();
}

}  // namespace greenroom::raft::test

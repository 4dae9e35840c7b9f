// SPDX-License-Identifier: MIT
#include "raft/figures.hpp"

#include <catch2/catch.hpp>

using namespace greenroom::raft;

TEST_CASE("elections and leaderships are counted by terms") {
  auto& f = figures::instance();
  const auto begun = f.elections.Value();
  const auto won = f.won.Value();
  const auto lost = f.lost.Value();
  f.count_change(role::follower, 1, role::candidate, 2);
  f.count_change(role::candidate, 2, role::candidate, 3);  // nobody won term 2
  f.count_change(role::candidate, 3, role::leader, 3);
  CHECK(f.elections.Value() == begun + 2);
  CHECK(f.won.Value() == won + 1);
  CHECK(f.lost.Value() == lost);
  f.count_change(role::leader, 3, role::leader, 4);  // alone, into a term of its own
  CHECK(f.won.Value() == won + 2);
  CHECK(f.lost.Value() == lost + 1);
  f.count_change(role::leader, 4, role::follower, 5);
  f.count_change(role::follower, 5, role::follower, 5);  // only the leader's name is new
  CHECK(f.elections.Value() == begun + 2);
  CHECK(f.won.Value() == won + 2);
  CHECK(f.lost.Value() == lost + 2);
}

// SPDX-License-Identifier: MIT
#include "raft/regroup.hpp"

#include <catch2/catch.hpp>

namespace greenroom::raft::test {

namespace {

constexpr auto add = group_step::what::add;
constexpr auto promote = group_step::what::promote;
constexpr auto remove = group_step::what::remove;
constexpr auto hand_over = group_step::what::hand_over;

constexpr steady_ms now = 100'000;

server_status voter(server_id id) {
  return {.id = id, .voter = true, .match_index = 9, .last_contact = now - 10, .caught_up = true};
}
server_status standby(server_id id, bool caught_up) {
  auto s = voter(id);
  s.voter = false;
  s.caught_up = caught_up;
  return s;
}
server_status silent(server_id id) {
  auto s = voter(id);
  s.last_contact = 0;
  return s;
}

/// Server 1 leads.
std::optional<group_step> step(std::vector<server_status> has, std::vector<server_id> wanted,
                               std::vector<server_id> gone = {}) {
  group_status group;
  group.servers = std::move(has);
  group.committed = true;
  return next_step(
      group, {.wanted = wanted, .gone = gone, .self = 1, .now = now, .election_timeout_ms = 1000});
}

}  // namespace

TEST_CASE("a group that is as it shall be is left alone", "[raft][regroup]") {
  CHECK_FALSE(step({voter(1), voter(2), voter(3)}, {3, 2, 1}));
  CHECK_FALSE(step({voter(1)}, {1}));
  CHECK_FALSE(step({voter(1), silent(2), silent(3)}, {1, 2, 3}));
  CHECK_FALSE(step({voter(1)}, {}));
}

TEST_CASE("nothing is done while a change is under way", "[raft][regroup]") {
  group_status group;
  group.servers = {voter(1)};
  const std::vector<server_id> wanted = {1, 2};
  CHECK_FALSE(next_step(group, {.wanted = wanted, .gone = {}, .self = 1, .now = now}));
}

TEST_CASE("a server comes in as standby and gets the vote when it has caught up",
          "[raft][regroup]") {
  CHECK(step({voter(1)}, {1, 2, 3}) == group_step{add, 2});
  CHECK(step({voter(1), standby(2, false)}, {1, 2, 3}) == group_step{add, 3});
  CHECK_FALSE(step({voter(1), standby(2, false), standby(3, false)}, {1, 2, 3}));
  CHECK(step({voter(1), standby(2, true)}, {1, 2}) == group_step{promote, 2});
}

TEST_CASE("there is an even number of voters for as short as can be", "[raft][regroup]") {
  CHECK_FALSE(step({voter(1), standby(2, false), standby(3, true)}, {1, 2, 3}));
  CHECK(step({voter(1), standby(2, true), standby(3, true)}, {1, 2, 3}) == group_step{promote, 2});
  CHECK(step({voter(1), voter(2), standby(3, true)}, {1, 2, 3}) == group_step{promote, 3});
  CHECK(step({voter(1), voter(2), voter(3), standby(4, true)}, {1, 2, 4}) ==
        group_step{promote, 4});
}

TEST_CASE("nobody goes before all who are wanted have the vote", "[raft][regroup]") {
  CHECK(step({voter(1), voter(2), voter(3)}, {1, 2, 4}) == group_step{add, 4});
  CHECK_FALSE(step({voter(1), voter(2), voter(3), standby(4, false)}, {1, 2, 4}));
  CHECK(step({voter(1), voter(2), voter(3), voter(4)}, {1, 2, 4}) == group_step{remove, 3});
}

TEST_CASE("nobody goes without whom too few are known to live", "[raft][regroup]") {
  CHECK_FALSE(step({voter(1), silent(2), voter(3), silent(4)}, {1, 2, 4}));
  CHECK(step({voter(1), voter(2), voter(3), silent(4)}, {1, 2, 4}) == group_step{remove, 3});
}

TEST_CASE("who is gone for good goes first", "[raft][regroup]") {
  CHECK(step({voter(1), voter(2), silent(3)}, {1, 2, 4}, {3}) == group_step{remove, 3});
  CHECK(step({voter(1), silent(2), silent(3)}, {1, 2, 4}, {3}) == group_step{add, 4});
  CHECK(step({voter(1), standby(2, false)}, {1, 4}, {2}) == group_step{remove, 2});
  // It is still wanted because there is nobody else, and is not added again and again.
  CHECK_FALSE(step({voter(1), voter(2)}, {1, 2, 3}, {3}));
}

TEST_CASE("a standby that nobody wants any more goes", "[raft][regroup]") {
  CHECK(step({voter(1), standby(4, true)}, {1, 5}) == group_step{remove, 4});
}

TEST_CASE("a leader that is not wanted hands over to the first that can take it",
          "[raft][regroup]") {
  CHECK(step({voter(1), voter(2), voter(3)}, {2, 3}) == group_step{hand_over, 2});
  CHECK(step({voter(1), silent(2), voter(3)}, {2, 3}) == group_step{hand_over, 3});
  CHECK(step({voter(1), voter(2), voter(4)}, {4}) == group_step{remove, 2});
}

}  // namespace greenroom::raft::test

// SPDX-License-Identifier: MIT
#include "placement/slow_disks.hpp"

#include "unit/placement/maps.hpp"

namespace greenroom::placement::test {

namespace {

using namespace std::chrono_literals;
using time_point = disk_judge::time_point;
using us = std::vector<sync_us>;

const us quick{2'000, 3'000};

}  // namespace

TEST_CASE("a disk is slow by comparison", "[placement][slow_disks]") {
  CHECK(sign_of(100'000, quick) == disk_sign::slow);
  CHECK(sign_of(2'500, quick) == disk_sign::well);
  // Five times slower, but quick.
  CHECK(sign_of(19'000, us{1'000, 1'000}) == disk_sign::unclear);
  CHECK(sign_of(9'000, us{100, 100}) == disk_sign::well);
  // Slow, but so is another of three: a majority without slow ones there is not.
  CHECK(sign_of(100'000, us{2'000, 90'000}) == disk_sign::well);
  CHECK(sign_of(100'000, us{90'000, 2'000}) == disk_sign::well);
  // Of five, two others may be.
  CHECK(sign_of(100'000, us{2'000, 90'000, 3'000, 2'000}) == disk_sign::slow);
  // Between the two limits.
  CHECK(sign_of(40'000, us{10'000, 10'000}) == disk_sign::unclear);
  CHECK(sign_of(51'000, us{10'000, 10'000}) == disk_sign::slow);
}

TEST_CASE("who says nothing is not compared with", "[placement][slow_disks]") {
  CHECK(sign_of(100'000, us{}) == disk_sign::unclear);
  CHECK(sign_of(100'000, us{0, 0}) == disk_sign::unclear);
  CHECK(sign_of(100'000, us{0, 2'000}) == disk_sign::slow);
  CHECK(sign_of(0, quick) == disk_sign::well);
}

TEST_CASE("a disk becomes slow soon and well late", "[placement][slow_disks]") {
  disk_judge judge;
  time_point now{};
  CHECK_FALSE(judge.look(100'000, quick, now));
  CHECK_FALSE(judge.look(100'000, quick, now + 2900ms));
  CHECK(judge.look(100'000, quick, now + 3s));
  now += 3s;
  CHECK(judge.look(2'000, quick, now + 1s));
  CHECK(judge.look(2'000, quick, now + 60s));
  CHECK_FALSE(judge.look(2'000, quick, now + 61s));
}

TEST_CASE("a disk on the border stays what it was", "[placement][slow_disks]") {
  disk_judge judge;
  time_point now{};
  const us peers{10'000, 10'000};
  for (int i = 0; i < 100; ++i, now += 1s) {
    CHECK_FALSE(judge.look(i % 3 == 0 ? 60'000 : 40'000, peers, now));
  }
  judge.look(60'000, peers, now);
  REQUIRE(judge.look(60'000, peers, now += 3s));
  // A moment that is not well begins the minute anew.
  for (int i = 0; i < 300; ++i, now += 1s) {
    CHECK(judge.look(i % 50 == 0 ? 40'000 : 12'000, peers, now));
  }
}

TEST_CASE("a slow disk with slow peers is not slow for ever", "[placement][slow_disks]") {
  disk_judge judge;
  judge.look(100'000, quick, time_point{});
  REQUIRE(judge.look(100'000, quick, time_point{3s}));
  judge.look(100'000, us{100'000, 100'000}, time_point{4s});
  CHECK_FALSE(judge.look(100'000, us{100'000, 100'000}, time_point{64s}));
}

TEST_CASE("moves are few in any minute", "[placement][slow_disks]") {
  move_allowance moves(3);
  CHECK(moves.take(time_point{0s}));
  CHECK(moves.take(time_point{10s}));
  CHECK(moves.take(time_point{20s}));
  CHECK_FALSE(moves.take(time_point{59s}));
  CHECK(moves.take(time_point{60s}));
  CHECK_FALSE(moves.take(time_point{69s}));
  CHECK(moves.take(time_point{70s}));
}

TEST_CASE("nobody leads instead without a majority that is well", "[placement][slow_disks]") {
  using others = std::vector<other_replica>;
  CHECK(leader_instead(others{{id(1), true}, {id(2), true}}) == id(1));
  CHECK_FALSE(leader_instead(others{{id(1), true}, {id(2), false}}));
  CHECK_FALSE(leader_instead(others{{id(1), false}, {id(2), false}}));
  CHECK_FALSE(leader_instead(others{}));
  CHECK_FALSE(leader_instead(others{{id(1), true}}));
  // Of five voters three others are a majority.
  CHECK(leader_instead(others{{id(1), false}, {id(2), true}, {id(3), true}, {id(4), true}}) ==
        id(2));
  CHECK_FALSE(leader_instead(others{{id(1), false}, {id(2), false}, {id(3), true}, {id(4), true}}));
}

TEST_CASE("of those that are well the map's first leads instead", "[placement][slow_disks]") {
  using others = std::vector<other_replica>;
  const std::vector<uuid> order{id(9), id(2), id(1)};
  CHECK(leader_instead(others{{id(1), true}, {id(2), true}}, order) == id(2));
  CHECK(leader_instead(others{{id(2), true}, {id(1), true}}, order) == id(2));
  CHECK_FALSE(leader_instead(others{{id(1), true}, {id(2), false}}, order));
  // Who is not in it comes last.
  CHECK(leader_instead(others{{id(3), true}, {id(1), true}}, order) == id(1));
  CHECK(leader_instead(others{{id(3), true}, {id(4), true}}, order) == id(3));
}

}  // namespace greenroom::placement::test

// SPDX-License-Identifier: MIT
#include "placement/disk_room.hpp"

#include <catch2/catch.hpp>

namespace greenroom::placement::test {

TEST_CASE("the room of a disk by what is reserved", "[placement][disk_room]") {
  constexpr std::uint64_t large = 100'000;
  room_judge judge;
  CHECK(judge.look(2'000, large, 1'000) == disk_room::ample);
  CHECK(judge.look(1'999, large, 1'000) == disk_room::low);
  CHECK(judge.look(999, large, 1'000) == disk_room::scarce);
  CHECK(judge.look(499, large, 1'000) == disk_room::none);
  // It says so at once, from wherever it was.
  room_judge other;
  CHECK(other.look(0, large, 1'000) == disk_room::none);
}

TEST_CASE("room is back when there is a quarter more", "[placement][disk_room]") {
  constexpr std::uint64_t large = 100'000;
  room_judge judge;
  CHECK(judge.look(400, large, 1'000) == disk_room::none);
  CHECK(judge.look(600, large, 1'000) == disk_room::none);
  CHECK(judge.look(625, large, 1'000) == disk_room::scarce);
  CHECK(judge.look(1'248, large, 1'000) == disk_room::scarce);
  CHECK(judge.look(1'250, large, 1'000) == disk_room::low);
  CHECK(judge.look(2'400, large, 1'000) == disk_room::low);
  CHECK(judge.look(2'500, large, 1'000) == disk_room::ample);
  CHECK(judge.look(100, large, 1'000) == disk_room::none);
  CHECK(judge.look(50'000, large, 1'000) == disk_room::ample);
}

TEST_CASE("of a small disk an eighth is reserved at most", "[placement][disk_room]") {
  room_judge judge;
  CHECK(judge.look(200, 800, 1'000) == disk_room::ample);
  CHECK(judge.look(99, 800, 1'000) == disk_room::scarce);
}

TEST_CASE("without a reserve, or a disk that says how large it is, there is room",
          "[placement][disk_room]") {
  room_judge judge;
  CHECK(judge.look(0, 100'000, 0) == disk_room::ample);
  CHECK(judge.look(0, 0, 1'000) == disk_room::ample);
}

}  // namespace greenroom::placement::test

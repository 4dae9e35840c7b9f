// SPDX-License-Identifier: MIT
#include "actors/heir.hpp"

#include <catch2/catch.hpp>
#include <vector>

namespace greenroom::actors::test {

TEST_CASE("who steps back hands over to one that is well and has most of the log", "[heir]") {
  CHECK_FALSE(first_heir({}));
  CHECK(first_heir(std::vector<heir>{{2, 10, true}, {3, 10, true}}) == 2);
  CHECK(first_heir(std::vector<heir>{{2, 9, true}, {3, 10, true}}) == 3);
  CHECK(first_heir(std::vector<heir>{{2, 10, false}, {3, 9, true}}) == 3);
  CHECK(first_heir(std::vector<heir>{{2, 9, false}, {3, 10, false}}) == 3);
}

}  // namespace greenroom::actors::test

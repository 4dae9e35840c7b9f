// SPDX-License-Identifier: MIT
#include "store/fatal.hpp"

#include <catch2/catch.hpp>

namespace greenroom::store::test {

TEST_CASE("the first thing that cannot be read is remembered", "[store][fatal]") {
  const auto before = damage_seen();
  CHECK_THROWS_AS(value_or_throw<int>(fail(ec::internal, "damaged record one")), damaged);
  const auto first = damage_seen();
  CHECK(first == (before.empty() ? "damaged record one" : before));
  CHECK_THROWS_AS(value_or_throw<int>(fail(ec::internal, "damaged record two")), damaged);
  CHECK(damage_seen() == first);
}

}  // namespace greenroom::store::test

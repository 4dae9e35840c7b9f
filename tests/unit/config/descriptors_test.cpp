// SPDX-License-Identifier: MIT
#include "config/descriptors.hpp"

#include <catch2/catch.hpp>
#include <limits>

using namespace greenroom;
using namespace greenroom::config;

TEST_CASE("with enough descriptors every setting stays, and the store has what is left") {
  const auto plan = plan_descriptors(100'000, 10'000, 1);
  REQUIRE(plan.has_value());
  CHECK(plan->connections == 10'000);
  CHECK(plan->store_files == 512);
  CHECK(plan_descriptors(10'000 + 452 + 100, 10'000, 1)->store_files == 228);
}

TEST_CASE("with few descriptors clients are fewer, and the reserve stays") {
  for (const std::uint64_t limit : {500U, 1024U, 4096U, 10'000U}) {
    const auto plan = plan_descriptors(limit, 10'000, 1);
    REQUIRE(plan.has_value());
    CHECK(plan->connections == limit - 452);
    CHECK(plan->store_files == 128);
  }
  CHECK(plan_descriptors(1024, 10'000, 4)->connections == 1024 - 452 - 3 * 4);
}

TEST_CASE("with too few descriptors there is no node") {
  CHECK(plan_descriptors(468, 10'000, 1));
  const auto plan = plan_descriptors(467, 10'000, 1);
  REQUIRE_FALSE(plan.has_value());
  CHECK_THAT(plan.error().message, Catch::Matchers::Contains("467 files can be open"));
  CHECK_THAT(plan.error().message, Catch::Matchers::Contains("needs 468"));
  CHECK_FALSE(plan_descriptors(0, 1, 1));
  CHECK(plan_descriptors(453, 1, 1)->connections == 1);
}

TEST_CASE("no limit at all") {
  const auto plan = plan_descriptors(std::numeric_limits<std::uint64_t>::max(), 10'000, 255);
  REQUIRE(plan.has_value());
  CHECK(plan->connections == 10'000);
  CHECK(plan->store_files == 512);
}

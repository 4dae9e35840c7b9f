// SPDX-License-Identifier: MIT
#include "actors/admin_missing.hpp"

#include <catch2/catch.hpp>

using namespace greenroom::actors;

TEST_CASE("what nobody has does not exist when everybody was asked") {
  const auto why = nowhere({}, "an actor node1/7");
  CHECK(std::string(why.code) == "not_found");
  CHECK(why.message == "no node has an actor node1/7");
}

TEST_CASE("what nobody has may be with the nodes that did not answer") {
  const auto why =
      nowhere({{"node2", "no link to it"}, {"node3", "no answer in time"}}, "an actor node2/7");
  CHECK(std::string(why.code) == "unreachable");
  CHECK(why.message == "no node that answers has an actor node2/7; node2, node3 did not answer");
}

// SPDX-License-Identifier: MIT
#include "client/node_address.hpp"

#include <catch2/catch.hpp>

using greenroom::client::split_node;

TEST_CASE("addresses of nodes are made complete") {
  CHECK(split_node("127.0.0.1")->str() == "127.0.0.1:8080");
  CHECK(split_node("host.example:1")->str() == "host.example:1");
  CHECK(split_node("[::1]")->str() == "[::1]:8080");
  CHECK(split_node("[::1]:65535")->str() == "[::1]:65535");
  CHECK(split_node("[::1]:65535")->host == "::1");
}

TEST_CASE("what is no address is refused") {
  for (const auto* text :
       {"", ":8080", "host:", "host:x", "host:80x", "host:0", "host:65536", "host:-1", "host: 80",
        "::1", "::1:8080", "[::1", "[::1]8080", "[]:80", "ws://host", "a b:80", "me@host:80"}) {
    INFO(text);
    CHECK_FALSE(split_node(text).has_value());
  }
}

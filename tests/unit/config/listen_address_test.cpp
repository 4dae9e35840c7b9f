// SPDX-License-Identifier: MIT
#include "config/listen_address.hpp"

#include <catch2/catch.hpp>

using greenroom::config::parse_listen_address;

TEST_CASE("an address to listen on is an IP address and a port") {
  const auto four = parse_listen_address("127.0.0.1:9080");
  REQUIRE(four);
  CHECK(four->address == "127.0.0.1");
  CHECK(four->port == 9080);
  const auto six = parse_listen_address("[::1]:65535");
  REQUIRE(six);
  CHECK(six->address == "::1");
  CHECK(six->port == 65535);
  CHECK(parse_listen_address("0.0.0.0:0")->port == 0);
}

TEST_CASE("what is not one is told apart") {
  for (const auto* text :
       {"", ":", "9080", ":9080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
        "127.0.0.1:+1", "127.0.0.1:1 ", "127.0.0.1:0x10", "localhost:9080", "127.0.0:1", "::1:9080",
        "[::1]", "[::1:9080", "[127.0.0.1]:9080", "[]:1", "::1]:1"}) {
    INFO(text);
    CHECK_FALSE(parse_listen_address(text));
  }
}

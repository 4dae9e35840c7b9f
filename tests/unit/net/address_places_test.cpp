// SPDX-License-Identifier: MIT
#include "net/address_places.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace greenroom::net;

namespace {
asio::ip::address ip(const char* text) {
  return asio::ip::make_address(text);
}
}  // namespace

TEST_CASE("an address has its number of places, and each is free again at its end") {
  address_places all(2);
  const auto use = all.of(ip("192.0.2.1"));
  place one(use);
  CHECK(all.has_room(use));
  place two(all.of(ip("192.0.2.1")));
  CHECK_FALSE(all.has_room(use));
  CHECK(all.has_room(all.of(ip("192.0.2.2"))));
  place moved(std::move(two));
  CHECK_FALSE(all.has_room(use));
  two.leave();
  CHECK_FALSE(all.has_room(use));
  moved.leave();
  moved.leave();
  CHECK(all.has_room(use));
  CHECK(use->connections == 1);
}

TEST_CASE("places of networks, of IPv4 in IPv6, and of loopback") {
  address_places all(1);
  const place one(all.of(ip("2001:db8::1")));
  CHECK_FALSE(all.has_room(all.of(ip("2001:db8::ffff:2"))));
  CHECK(all.has_room(all.of(ip("2001:db8:0:1::1"))));
  const place two(all.of(ip("::ffff:192.0.2.7")));
  CHECK_FALSE(all.has_room(all.of(ip("192.0.2.7"))));
  for (const auto* local : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"}) {
    const auto use = all.of(ip(local));
    CHECK_FALSE(use);
    const place free(use);
    CHECK(all.has_room(use));
    CHECK_FALSE(free.inbound());
  }
}

TEST_CASE("0 is no limit of places") {
  address_places all(0);
  const auto use = all.of(ip("192.0.2.1"));
  std::vector<place> many;
  for (int i = 0; i < 100; ++i)
    many.emplace_back(use);
  CHECK(use->connections == 100);
  CHECK(all.has_room(use));
}

TEST_CASE("addresses that hold nothing are forgotten") {
  address_places all(1);
  std::vector<place> stay;
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    place p(all.of(asio::ip::address_v4(0x0b000000U + i)));
    if (i < 10) stay.push_back(std::move(p));
  }
  CHECK(all.remembered() < 3000);
  CHECK_FALSE(all.has_room(all.of(asio::ip::address_v4(0x0b000000U))));
}

TEST_CASE("how an address is called that is counted") {
  CHECK(network_of(std::string("192.0.2.1")) == "192.0.2.1");
  CHECK(network_of(std::string("::ffff:192.0.2.1")) == "192.0.2.1");
  CHECK(network_of(std::string("2001:db8::7:1")) == "2001:db8::/64");
  CHECK(network_of(std::string("nowhere")) == "nowhere");
}

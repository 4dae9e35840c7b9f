// SPDX-License-Identifier: MIT
#include "net/connect_limiter.hpp"

#include <catch2/catch.hpp>

using namespace greenroom::net;
using namespace std::chrono_literals;

namespace {
asio::ip::address ip(const char* text) {
  return asio::ip::make_address(text);
}
}  // namespace

TEST_CASE("an address gets its number of connects a minute") {
  connect_limiter limiter(3);
  const steady::time_point start{};
  for (int i = 0; i < 3; ++i)
    CHECK(limiter.admit(ip("192.0.2.1"), start));
  CHECK_FALSE(limiter.admit(ip("192.0.2.1"), start));
  CHECK(limiter.admit(ip("192.0.2.2"), start));
  CHECK_FALSE(limiter.admit(ip("192.0.2.1"), start + 19s));
  CHECK(limiter.admit(ip("192.0.2.1"), start + 21s));
  CHECK_FALSE(limiter.admit(ip("192.0.2.1"), start + 22s));
}

TEST_CASE("a network of IPv6 is one address, an IPv4 in IPv6 is itself") {
  connect_limiter limiter(1);
  const steady::time_point start{};
  CHECK(limiter.admit(ip("2001:db8::1"), start));
  CHECK_FALSE(limiter.admit(ip("2001:db8::ffff:2"), start));
  CHECK(limiter.admit(ip("2001:db8:0:1::1"), start));
  CHECK(limiter.admit(ip("::ffff:192.0.2.7"), start));
  CHECK_FALSE(limiter.admit(ip("192.0.2.7"), start));
}

TEST_CASE("loopback and a limit of 0 are free") {
  connect_limiter one(1);
  connect_limiter off(0);
  for (int i = 0; i < 5; ++i) {
    CHECK(one.admit(ip("127.0.0.1"), {}));
    CHECK(one.admit(ip("::1"), {}));
    CHECK(one.admit(ip("::ffff:127.0.0.1"), {}));
    CHECK(off.admit(ip("192.0.2.1"), {}));
  }
}

TEST_CASE("the addresses that are remembered are bounded") {
  connect_limiter limiter(1);
  for (std::uint32_t i = 0; i < 70'000; ++i)
    limiter.admit(asio::ip::address_v4(0x0b000000U + i), steady::time_point{});
  CHECK(limiter.remembered() <= 65'536);
}

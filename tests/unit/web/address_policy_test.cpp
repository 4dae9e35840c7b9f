// SPDX-License-Identifier: MIT
#include "web/address_policy.hpp"

#include <arpa/inet.h>

#include <array>
#include <catch2/catch.hpp>
#include <string>

using greenroom::web::not_public;

namespace {

std::string_view judge(const std::string& text) {
  std::array<unsigned char, 16> bytes{};
  const bool six = text.find(':') != std::string::npos;
  REQUIRE(inet_pton(six ? AF_INET6 : AF_INET, text.c_str(), bytes.data()) == 1);
  return not_public({bytes.data(), six ? 16U : 4U});
}

}  // namespace

TEST_CASE("addresses: public ones are let through", "[web]") {
  for (const auto* a : {"1.1.1.1",
                        "8.8.8.8",
                        "9.255.255.255",
                        "11.0.0.0",
                        "100.63.255.255",
                        "100.128.0.0",
                        "126.255.255.255",
                        "128.0.0.1",
                        "169.253.255.255",
                        "169.255.0.0",
                        "172.15.255.255",
                        "172.32.0.0",
                        "192.167.255.255",
                        "192.169.0.0",
                        "198.17.255.255",
                        "198.20.0.0",
                        "223.255.255.255",
                        "2606:4700:4700::1111",
                        "2001:4860:4860::8888",
                        "2a00::1",
                        "64:ff9b::808:808"}) {
    CAPTURE(a);
    CHECK(judge(a).empty());
  }
}

TEST_CASE("addresses: what is not public is not, to the edges of each range", "[web]") {
  struct row {
    const char* address;
    const char* name;
  };
  const row rows[] = {{"0.0.0.0", "this network"},
                      {"0.255.255.255", "this network"},
                      {"10.0.0.0", "private network"},
                      {"10.255.255.255", "private network"},
                      {"100.64.0.0", "shared by providers"},
                      {"100.127.255.255", "shared by providers"},
                      {"127.0.0.1", "loopback"},
                      {"127.255.255.255", "loopback"},
                      {"169.254.0.0", "link-local"},
                      {"169.254.169.254", "link-local"},
                      {"172.16.0.0", "private network"},
                      {"172.31.255.255", "private network"},
                      {"192.0.0.8", "reserved"},
                      {"192.168.0.0", "private network"},
                      {"192.168.255.255", "private network"},
                      {"198.19.255.255", "benchmarks"},
                      {"224.0.0.1", "multicast"},
                      {"239.255.255.255", "multicast"},
                      {"240.0.0.0", "reserved"},
                      {"255.255.255.255", "reserved"},
                      {"::", "unspecified"},
                      {"::1", "loopback"},
                      {"fe80::1", "link-local"},
                      {"febf::1", "link-local"},
                      {"fec0::1", "private network"},
                      {"fc00::1", "private network"},
                      {"fd12:3456::1", "private network"},
                      {"ff02::1", "multicast"},
                      {"2001:db8::1", "documentation"},
                      {"100::1", "reserved"},
                      {"4000::1", "reserved"}};
  for (const auto& [address, name] : rows) {
    CAPTURE(address);
    CHECK(judge(address) == name);
  }
}

TEST_CASE("addresses: IPv4 in the clothes of IPv6 is seen through", "[web]") {
  CHECK(judge("::ffff:127.0.0.1") == "loopback");
  CHECK(judge("::ffff:7f00:1") == "loopback");
  CHECK(judge("::ffff:169.254.169.254") == "link-local");
  CHECK_FALSE(judge("::ffff:8.8.8.8").empty());
  CHECK(judge("::127.0.0.1") == "loopback");
  CHECK(judge("64:ff9b::10.0.0.1") == "private network");
  CHECK(judge("64:ff9b::a9fe:a9fe") == "link-local");
  CHECK(judge("64:ff9b:1::8.8.8.8") == "private network");
  CHECK(judge("2002:7f00:1::") == "loopback");
  CHECK(judge("2002:c0a8:101::1") == "private network");
  CHECK_FALSE(judge("2001:0:4136:e378:8000:63bf:3fff:fdd2").empty());
}

TEST_CASE("addresses: what is none is not let through", "[web]") {
  const std::array<unsigned char, 5> odd{8, 8, 8, 8, 8};
  CHECK(not_public(odd) == "no address");
  CHECK(not_public({}) == "no address");
}

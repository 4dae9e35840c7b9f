// SPDX-License-Identifier: MIT
#include "actors/login_guard.hpp"

#include <catch2/catch.hpp>

using namespace greenroom::actors;
using namespace std::chrono_literals;

namespace {

const auto start = login_guard::clock::now();

/// Whether an attempt begins; ends it.
bool attempt(login_guard& g, login_guard::clock::time_point now, bool wrong,
             const std::string& key = {}) {
  const auto v = g.begin(key, now);
  if (v.wait || v.refused_ms) {
    return false;
  }
  g.end(key, wrong, now);
  return true;
}

}  // namespace

TEST_CASE("only what is wrong counts, and it is forgotten", "[login]") {
  login_guard g(10);
  for (int i = 0; i < 100; ++i) {
    CHECK(attempt(g, start, false));
  }
  CHECK_FALSE(g.remembers(start));
  for (int i = 0; i < 10; ++i) {
    CHECK(attempt(g, start, true));
  }
  const auto v = g.begin("", start);
  CHECK_FALSE(v.wait);
  CHECK(v.refused_ms == 6000);
  CHECK(attempt(g, start + 6s, true));
  CHECK_FALSE(attempt(g, start + 6s, false));
  CHECK(g.remembers(start + 50s));
  CHECK(g.forgotten_at(start + 50s) > start + 60s);
  CHECK_FALSE(g.remembers(start + 67s));
}

TEST_CASE("attempts under way hold what they may cost", "[login]") {
  login_guard g(2);
  CHECK_FALSE(g.begin("", start).wait);
  CHECK_FALSE(g.begin("", start).wait);
  CHECK(g.begin("", start).wait);
  g.end("", false, start);
  CHECK_FALSE(g.begin("", start).wait);
  g.end("", true, start);
  g.end("", true, start);
  CHECK(g.begin("", start).refused_ms == 30'000);
}

TEST_CASE("where somebody is known has a bucket of its own", "[login]") {
  login_guard g(1);
  CHECK(attempt(g, start, true));
  CHECK_FALSE(attempt(g, start, false));
  CHECK(attempt(g, start, false, "192.0.2.1"));
}

TEST_CASE("without a limit nothing is counted", "[login]") {
  login_guard g(0);
  for (int i = 0; i < 50; ++i) {
    CHECK(attempt(g, start, true));
  }
  CHECK_FALSE(g.remembers(start));
}

TEST_CASE("addresses are counted by network", "[login]") {
  CHECK(network_of("192.0.2.1") == "192.0.2.1");
  CHECK(network_of("::ffff:192.0.2.1") == "192.0.2.1");
  CHECK(network_of("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64");
  address_guard g(2);
  g.failed("2001:db8:1:2::1", start);
  CHECK_FALSE(g.refused_ms("2001:db8:1:2::2", start).has_value());
  g.failed("2001:db8:1:2::3", start);
  CHECK(g.refused_ms("2001:db8:1:2::4", start) == 30'000);
  CHECK_FALSE(g.refused_ms("2001:db8:1:3::1", start).has_value());
  CHECK_FALSE(g.refused_ms("2001:db8:1:2::4", start + 30s).has_value());
}

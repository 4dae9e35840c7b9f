// SPDX-License-Identifier: MIT
#include "net/session_table.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <random>

using namespace greenroom;

TEST_CASE("the table of sessions finds what a map finds") {
  std::mt19937_64 random(GENERATE(1, 2, 3));
  net::session_table<net::connection_id> table;
  std::map<net::connection_id, std::shared_ptr<net::connection_id>> expected;
  net::connection_id ids = 0;
  CHECK(table.find(1 << 8) == nullptr);
  CHECK(table.leave(1 << 8) == nullptr);
  for (int round = 0; round < 20'000; ++round) {
    // Mostly in a row, as they are given, and now and then far apart.
    if (random() % 5 < 3) {
      ids += random() % 50 == 0 ? random() % 100'000 : 1;
      const auto id = ids << 8 | 7;
      const auto session = std::make_shared<net::connection_id>(id);
      if (expected.emplace(id, session).second) table.enter(id, session);
    } else if (!expected.empty()) {
      auto it = expected.lower_bound(random() % (ids << 8));
      if (it == expected.end()) it = expected.begin();
      CHECK(table.leave(it->first) == it->second);
      CHECK(table.leave(it->first) == nullptr);
      expected.erase(it);
    }
    if (round % 1000 != 0) continue;
    for (const auto& [id, session] : expected) {
      REQUIRE(table.find(id) == session.get());
      REQUIRE(table.find(id + (net::connection_id{1} << 40)) == nullptr);
    }
  }
  CHECK(table.size() == expected.size());
  std::map<net::connection_id, std::shared_ptr<net::connection_id>> all;
  for (const auto& s : table.all())
    all[*s] = s;
  CHECK(all == expected);
}

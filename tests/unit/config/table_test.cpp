// SPDX-License-Identifier: MIT
#include "config/table.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace greenroom;
using namespace greenroom::config;

TEST_CASE("each key, each variable and each place in the settings is in the table once") {
  settings s;
  std::set<std::string_view> names;
  std::set<std::string> variables;
  std::set<const void*> places;
  for (const auto& k : keys()) {
    INFO(k.name);
    CHECK(names.insert(k.name).second);
    CHECK(variables.insert(k.variable()).second);
    std::visit([&](auto* place) { CHECK(places.insert(place).second); }, k.at(s));
    CHECK(k.name.find('.') != std::string_view::npos);
    CHECK_FALSE(k.doc.empty());
  }
}

TEST_CASE("the defaults that are promised are the defaults") {
  settings s;
  CHECK(s.limits.messages_per_minute == 100);
  CHECK(s.limits.requests_per_minute == 6000);
  CHECK(s.limits.max_connections == 10'000);
  CHECK(s.websocket.heartbeat_s == 30);
  CHECK(s.limits.outbound_queue_messages == 1000);
  CHECK(s.limits.outbound_queue_bytes > 0);
  CHECK(s.history.page == 50);
  CHECK(s.rooms.recent_messages == 50);
  CHECK(s.rooms.idle_park_s == 3600);
  CHECK(s.auth.access_token_s == 3600);
  CHECK(s.log.durability == "fsync");
  CHECK(s.client.connect_timeout_s == 10);
  CHECK(s.client.io_timeout_s == 30);
  CHECK(s.http.request_timeout_s == 30);
  CHECK(s.tcp.listen.empty());
}

TEST_CASE("a number's unit is the end of its name or of its row") {
  for (const auto& k : keys()) {
    INFO(k.name);
    if (k.max == 0) continue;
    CHECK(k.unit.empty() == k.name.ends_with(".port"));
    if (k.name.ends_with("_s")) CHECK(k.unit == "seconds");
    if (k.name.ends_with("_ms")) CHECK(k.unit == "milliseconds");
    if (k.name.ends_with("_bytes")) CHECK(k.unit == "bytes");
    if (k.name.ends_with("_mib")) CHECK(k.unit == "MiB");
  }
}

TEST_CASE("the nearest name is found, and none is better than a far one") {
  std::vector<std::string> names{"http.port", "http.address", "limits.max_connections"};
  CHECK(nearest("http.prot", names) == "http.port");
  CHECK(nearest("limit.max_connection", names) == "limits.max_connections");
  CHECK(nearest("zzzzzz", names).empty());
}

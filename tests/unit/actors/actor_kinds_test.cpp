// SPDX-License-Identifier: MIT
#include "actors/actor_kinds.hpp"

#include <catch2/catch.hpp>

using namespace greenroom::actors;
using nlohmann::json;

namespace {

actor_view actor(actor_kind kind, std::uint64_t queue, std::int64_t oldest_ms, double rate) {
  actor_view a;
  a.kind = kind;
  a.queue_depth = queue;
  a.oldest_message_ms = oldest_ms;
  a.recent_per_second = rate;
  a.recent_busy_percent = rate / 10;
  a.handled = 100;
  a.errors = 1;
  return a;
}

}  // namespace

TEST_CASE("actors are added up by their kind") {
  const auto rows =
      by_kind({actor(actor_kind::room, 3, 40, 1.25), actor(actor_kind::link, 0, -1, 7),
               actor(actor_kind::room, 5, 20, 2.5)});
  REQUIRE(rows.size() == 2);
  CHECK(rows[0]["kind"] == "link");
  CHECK(rows[0]["oldest_message_ms"].is_null());
  CHECK(rows[1] == json{{"kind", "room"},
                        {"actors", 2},
                        {"queue_depth", 8},
                        {"longest_queue", 5},
                        {"oldest_message_ms", 40},
                        {"rate", 3.75},
                        {"busy_percent", 0.38},
                        {"handled", 200},
                        {"errors", 2},
                        {"restarts", 0},
                        {"dropped", 0}});
  for (const auto& row : rows) {
    CHECK(row.size() == kind_fields.size());
  }
}

TEST_CASE("the kinds of several nodes are one list") {
  auto first = by_kind({actor(actor_kind::room, 3, 40, 1.5)});
  const auto second =
      by_kind({actor(actor_kind::room, 1, -1, 0.25), actor(actor_kind::gate, 0, 7, 0)});
  auto third = by_kind({actor(actor_kind::room, 9, 9, 9)});
  for (const auto* field : {"queue_depth", "longest_queue", "rate", "busy_percent", "handled"}) {
    third[0][field] = nullptr;  // it counts nothing
  }
  first.insert(first.end(), second.begin(), second.end());
  first.insert(first.end(), third.begin(), third.end());
  first.push_back({{"kind", "room"}, {"id", "node4/7"}, {"queue_depth", 5}});
  const auto rows = add_up(first);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0]["kind"] == "gate");
  CHECK(rows[0]["actors"] == 1);
  CHECK(rows[1]["kind"] == "room");
  CHECK(rows[1]["actors"] == 3);
  CHECK(rows[1]["queue_depth"] == 4);
  CHECK(rows[1]["longest_queue"] == 3);
  CHECK(rows[1]["oldest_message_ms"] == 40);
  CHECK(rows[1]["rate"] == 1.75);
  CHECK(rows[1]["handled"] == 200);
  CHECK(add_up(rows) == rows);
}

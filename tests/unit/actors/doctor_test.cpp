// SPDX-License-Identifier: MIT
#include "actors/doctor.hpp"

#include <catch2/catch.hpp>

#include "actors/message_kind.hpp"

using namespace greenroom;
using namespace greenroom::actors;
using Catch::Matchers::Contains;
using doctor::verdict;
using nlohmann::json;
using placement::disk_room;

namespace {

constexpr std::uint64_t gib = 1 << 30;
constexpr unix_ms day_ms = 24LL * 3600 * 1000;

store::store_state disk_with(std::uint64_t free, std::uint64_t capacity) {
  store::store_state s;
  s.free_bytes = free;
  s.capacity_bytes = capacity;
  return s;
}

actor_view actor(std::uint64_t id, std::uint64_t waiting, std::uint64_t handled,
                 actor_kind kind = actor_kind::room) {
  actor_view a;
  a.id = id;
  a.kind = kind;
  a.name = std::to_string(id);
  a.queue_depth = waiting;
  a.handled = handled;
  return a;
}

}  // namespace

TEST_CASE("descriptors and memory run out by and by") {
  CHECK(doctor::judge(doctor::descriptors{79, 100}).state == verdict::ok);
  CHECK(doctor::judge(doctor::descriptors{80, 100}).state == verdict::warning);
  CHECK(doctor::judge(doctor::descriptors{95, 100}).state == verdict::failed);
  CHECK(doctor::judge(doctor::descriptors{95, 0}).state == verdict::ok);
  CHECK(doctor::judge(doctor::memory{1, 10 * gib, 100 * gib}).state == verdict::ok);
  CHECK(doctor::judge(doctor::memory{1, 9 * gib, 100 * gib}).state == verdict::warning);
  CHECK(doctor::judge(doctor::memory{1, 2 * gib, 100 * gib}).state == verdict::failed);
}

TEST_CASE("a store that keeps writers waiting") {
  store::store_state s;
  CHECK(doctor::judge_store(s).state == verdict::ok);
  s.pending_compaction_bytes = 16 * gib;
  CHECK(doctor::judge_store(s).state == verdict::warning);
  s.delayed_write_bytes_per_s = 5 << 20;
  CHECK_THAT(doctor::judge_store(s).detail, Contains("5 MiB a second"));
  s.stopped = true;
  CHECK(doctor::judge_store(s).state == verdict::failed);
  s.background_errors = 2;
  CHECK_THAT(doctor::judge_store(s).detail, Contains("2 errors"));
}

TEST_CASE("room on the disk counts by share and by size") {
  CHECK(doctor::judge_space(disk_with(20 * gib, 100 * gib), disk_room::ample).state == verdict::ok);
  CHECK(doctor::judge_space(disk_with(9 * gib, 100 * gib), disk_room::ample).state ==
        verdict::warning);
  CHECK(doctor::judge_space(disk_with(2 * gib, 100 * gib), disk_room::ample).state ==
        verdict::failed);
  CHECK(doctor::judge_space(disk_with(gib, 4 * gib), disk_room::ample).state == verdict::warning);
  CHECK(doctor::judge_space(disk_with(gib / 4, 4 * gib), disk_room::ample).state ==
        verdict::failed);
  CHECK(doctor::judge_space(disk_with(0, 0), disk_room::ample).state == verdict::warning);
  const auto told = doctor::judge_space(disk_with(20 * gib, 100 * gib), disk_room::scarce);
  CHECK(told.state == verdict::failed);
  CHECK_THAT(told.detail, Contains("no new messages"));
  CHECK(doctor::judge_space(disk_with(20 * gib, 100 * gib), disk_room::low).state ==
        verdict::warning);
  CHECK(doctor::judge_space(disk_with(20 * gib, 100 * gib), disk_room::none).state ==
        verdict::failed);
}

TEST_CASE("a slow disk") {
  CHECK(doctor::judge_disk(0, false).state == verdict::ok);
  CHECK(doctor::judge_disk(49'999, false).state == verdict::ok);
  CHECK(doctor::judge_disk(50'000, false).state == verdict::warning);
  CHECK(doctor::judge_disk(500'000, false).state == verdict::failed);
  CHECK(doctor::judge_disk(10, true).state == verdict::warning);
}

TEST_CASE("certificates end") {
  const unix_ms now = 1'800'000'000'000;
  CHECK(doctor::judge_certificates({}, now).detail == "none are needed");
  CHECK(doctor::judge_certificates({{"node", now + 31 * day_ms}}, now).state == verdict::ok);
  const auto soon =
      doctor::judge_certificates({{"node", now + 90 * day_ms}, {"ca", now + 29 * day_ms}}, now);
  CHECK(soon.state == verdict::warning);
  CHECK(soon.detail == "node: 90 days left, ca: 29 days left");
  CHECK(doctor::judge_certificates({{"node", now + 6 * day_ms}}, now).state == verdict::failed);
  CHECK_THAT(doctor::judge_certificates({{"node", now - 1}}, now).detail, Contains("expired on"));
}

TEST_CASE("links, clocks and slow consumers") {
  CHECK(doctor::judge_links(0, 0, "").state == verdict::ok);
  CHECK(doctor::judge_links(2, 2, "").state == verdict::ok);
  CHECK(doctor::judge_links(1, 2, "node3").detail == "none to node3");
  CHECK(doctor::judge_links(1, 2, "node3").state == verdict::warning);
  CHECK(doctor::judge_links(0, 2, "node2, node3").state == verdict::failed);
  CHECK(doctor::judge_clock(-499).state == verdict::ok);
  CHECK(doctor::judge_clock(-500).state == verdict::warning);
  CHECK(doctor::judge_clock(5000).state == verdict::failed);
  CHECK(doctor::judge(doctor::queues{10, 0, 0, "", 0}).state == verdict::ok);
  CHECK_THAT(doctor::judge(doctor::queues{10, 2, 1, "node1/5", 1 << 20}).detail,
             Contains("node1/5"));
}

TEST_CASE("an actor is stuck when messages wait and none is handled between two looks") {
  const std::vector<actor_view> before{actor(1, 3, 10), actor(2, 3, 10), actor(3, 0, 10),
                                       actor(4, 1, 10)};
  const std::vector<actor_view> after{actor(1, 3, 10), actor(2, 3, 11), actor(3, 5, 10),
                                      actor(4, 0, 10), actor(5, 1, 0)};
  const auto found = doctor::find_stuck(before, after);
  CHECK(found.count == 1);
  CHECK(found.who == std::vector<std::string>{"room 1"});
  CHECK(doctor::judge(found).state == verdict::failed);
  CHECK(doctor::judge(doctor::find_stuck({}, after)).state == verdict::ok);
}

TEST_CASE("of an actor that is stuck it is said what it is at, and for how long") {
  auto a = actor(1, 3, 10);
  a.oldest_message_ms = 12'300;
  CHECK(doctor::find_stuck({a}, {a}).who == std::vector<std::string>{"room 1"});
  a.last_kind = (message_kinds::of_atom << message_kinds::tag_shift) |
                static_cast<std::uint64_t>(caf::atom("tick"));
  CHECK(doctor::find_stuck({a}, {a}).who ==
        std::vector<std::string>{"room 1 (at tick, for 12 s or more)"});
}

TEST_CASE("of actors that do not count nobody knows whether they are stuck") {
  doctor::stuck unknown;
  unknown.looked = false;
  CHECK(doctor::judge(unknown).state == verdict::warning);
  CHECK_THAT(doctor::judge(unknown).detail, Contains("telemetry.actors"));
}

TEST_CASE("a worker that is at work for long is no fault, but said") {
  const std::vector<actor_view> busy{actor(1, 3, 10, actor_kind::worker)};
  CHECK(doctor::judge(doctor::find_stuck(busy, busy)).state == verdict::warning);
}

TEST_CASE("some of many are named") {
  std::vector<actor_view> many;
  for (std::uint64_t n = 1; n <= 9; ++n) {
    many.push_back(actor(n, 1, 0));
  }
  CHECK_THAT(doctor::judge(doctor::find_stuck(many, many)).detail, Contains("and 4 more"));
}

TEST_CASE("a backup is as good as its age, and as the last attempt") {
  constexpr unix_ms day = 24LL * 3600 * 1000;
  constexpr unix_ms now = 1'700'000'000'000;
  const auto none = doctor::judge(doctor::backups{}, now);
  CHECK(none.state == verdict::warning);
  CHECK_THAT(none.detail, Contains("none has been made"));
  CHECK(doctor::judge({.newest = now - 6 * day, .every_s = 0, .last_failure = {}}, now).state ==
        verdict::ok);
  CHECK(doctor::judge({.newest = now - 8 * day, .every_s = 0, .last_failure = {}}, now).state ==
        verdict::warning);
  CHECK(doctor::judge({.newest = now - day, .every_s = 86400, .last_failure = {}}, now).state ==
        verdict::ok);
  CHECK(doctor::judge({.newest = now - 3 * day, .every_s = 86400, .last_failure = {}}, now).state ==
        verdict::warning);
  const auto failed = doctor::judge({.newest = now, .every_s = 0, .last_failure = "no space"}, now);
  CHECK(failed.state == verdict::failed);
  CHECK_THAT(failed.detail, Contains("no space"));
}

TEST_CASE("what the cluster's status says is taken over") {
  const auto of = [](const char* state) {
    return doctor::from_status({{"check", "x"}, {"state", state}, {"detail", "3"}});
  };
  CHECK(of("ok").state == verdict::ok);
  CHECK(of("moving").state == verdict::ok);
  CHECK(of("degraded").state == verdict::warning);
  CHECK(of("critical").detail == "shards would stop without 3");
  CHECK(of("leaderless").state == verdict::failed);
  CHECK(of("missing").detail == "no answer from 3");
  CHECK(doctor::row_of(of("ok"), "")["node"] == "all");
}

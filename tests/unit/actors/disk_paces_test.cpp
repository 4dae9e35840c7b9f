// SPDX-License-Identifier: MIT
#include "actors/disk_paces.hpp"

#include <catch2/catch.hpp>

namespace greenroom::actors::test {

namespace {

using namespace std::chrono_literals;

node_id node(std::uint8_t n) {
  node_id id;
  id.bytes[15] = n;
  return id;
}

}  // namespace

TEST_CASE("a node tells what it thinks of its disk", "[disk_paces]") {
  disk_paces paces;
  const auto now = disk_paces::clock::now();
  paces.note(node(1), {2'000, false});
  paces.note(node(2), {3'000, false});
  CHECK_FALSE(paces.look(100'000, {}, now).bad);
  const auto told = paces.look(100'000, {}, now + 3s);
  CHECK(told.bad);
  CHECK(told.sync_us == 100'000);
  CHECK(paces.self_is_bad());
  paces.look(2'000, {}, now + 4s);
  CHECK_FALSE(paces.look(2'000, {}, now + 64s).bad);
  CHECK_FALSE(paces.self_is_bad());
}

TEST_CASE("the others' word counts until their link is down", "[disk_paces]") {
  disk_paces paces;
  CHECK_FALSE(paces.is_bad(node(1)));
  paces.note(node(1), {100'000, true});
  CHECK(paces.is_bad(node(1)));
  paces.forget(node(1));
  CHECK_FALSE(paces.is_bad(node(1)));
}

TEST_CASE("a disk that is nearly full is a bad one", "[disk_paces]") {
  disk_paces paces;
  const auto now = disk_paces::clock::now();
  CHECK_FALSE(paces.look(0, {}, now, {2'000, 100'000, 1'000}).bad);
  CHECK(paces.look(0, {}, now, {1'999, 100'000, 1'000}).bad);
  CHECK(paces.self_is_bad());
  CHECK(paces.room() == placement::disk_room::low);
  CHECK(paces.look(0, {}, now, {400, 100'000, 1'000}).bad);
  CHECK(paces.room() == placement::disk_room::none);
  CHECK_FALSE(paces.look(0, {}, now, {50'000, 100'000, 1'000}).bad);
  CHECK_FALSE(paces.self_is_bad());
}

TEST_CASE("what is damaged stays so", "[disk_paces]") {
  disk_paces paces;
  const auto now = disk_paces::clock::now();
  CHECK(paces.look(0, "damaged record message", now).bad);
  CHECK(paces.look(0, {}, now + 1h).bad);
  CHECK(paces.self_is_bad());
}

TEST_CASE("at most thirty shards a minute are handed over", "[disk_paces]") {
  disk_paces paces;
  const auto now = disk_paces::clock::now();
  int moved = 0;
  for (int i = 0; i < 59; ++i)
    moved += paces.may_move(now + i * 1s) ? 1 : 0;
  CHECK(moved == 30);
}

}  // namespace greenroom::actors::test

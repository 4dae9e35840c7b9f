// SPDX-License-Identifier: MIT
#include <cstdlib>
#include <string>

#include "unit/raft/world.hpp"

namespace greenroom::raft::test {

namespace {

/// GRTEST_SEED=n runs that one only; GRTEST_SEEDS=n as many from the first on.
std::pair<std::uint64_t, std::uint64_t> seeds(std::uint64_t count) {
  if (const char* one = std::getenv("GRTEST_SEED")) return {std::stoull(one), 1};
  if (const char* many = std::getenv("GRTEST_SEEDS")) return {1, std::stoull(many)};
  return {1, count};
}

struct totals {
  std::size_t acknowledged = 0;
  std::size_t changes = 0;
  std::size_t states = 0;
};

void run_seed(std::uint64_t seed, std::size_t servers, totals& of, std::size_t spares = 0,
              std::size_t log_entries_max = 1 << 20) {
  world w({.seed = seed,
           .servers = servers,
           .spares = spares,
           .loss_percent = static_cast<std::uint32_t>(seed % 7),
           .network_ms_max = static_cast<std::uint32_t>(1 + seed % 23),
           .disk_ms_max = static_cast<std::uint32_t>(seed % 13),
           .log_entries_max = log_entries_max});
  for (int round = 0; round < 60; ++round) {
    if (w.pick(3) == 0) w.something_happens();
    if (spares > 0 && w.pick(2) == 0) of.changes += w.group_changes() ? 1 : 0;
    for (auto left = w.pick(10); left > 0; --left) {
      for (const auto id : w.ids()) {
        if (w.alive(id)) w.propose(id);
      }
      w.run(w.pick(10));
    }
    w.run(w.pick(30));
  }
  w.check_end();
  of.acknowledged += w.acknowledged();
  of.states += w.states_fetched();
}

}  // namespace

TEST_CASE("three replicas agree whatever happens", "[simulation]") {
  totals of;
  const auto [first, count] = seeds(200);
  for (auto seed = first; seed < first + count; ++seed) {
    INFO("GRTEST_SEED=" << seed);
    run_seed(seed, 3, of);
  }
  // A simulation in which nothing gets through would find nothing.
  CHECK(of.acknowledged > count * 20);
}

TEST_CASE("five replicas agree whatever happens", "[simulation]") {
  totals of;
  const auto [first, count] = seeds(20);
  for (auto seed = first; seed < first + count; ++seed) {
    INFO("GRTEST_SEED=" << seed);
    run_seed(seed, 5, of);
  }
  CHECK(of.acknowledged > count * 10);
}

TEST_CASE("a group that changes agrees whatever happens", "[simulation]") {
  totals of;
  const auto [first, count] = seeds(500);
  for (auto seed = first; seed < first + count; ++seed) {
    INFO("GRTEST_SEED=" << seed);
    run_seed(seed, 1 + seed % 3, of, 2);
  }
  CHECK(of.acknowledged > count * 20);
  CHECK(of.changes > count);
}

TEST_CASE("replicas whose logs are cut agree whatever happens", "[simulation]") {
  totals of;
  const auto [first, count] = seeds(800);
  for (auto seed = first; seed < first + count; ++seed) {
    INFO("GRTEST_SEED=" << seed);
    run_seed(seed, 1 + seed % 3, of, 2, 4 + seed % 40);
  }
  CHECK(of.acknowledged > count * 20);
  CHECK(of.states > count / 2);
}

TEST_CASE("one replica alone survives every crash", "[simulation]") {
  totals of;
  const auto [first, count] = seeds(50);
  for (auto seed = first; seed < first + count; ++seed) {
    INFO("GRTEST_SEED=" << seed);
    run_seed(seed, 1, of);
  }
  CHECK(of.acknowledged > count * 20);
}

}  // namespace greenroom::raft::test

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

/// One accident or its end.
void something_happens(world& w) {
  const auto all = w.ids();
  const auto one = all[w.pick(all.size())];
  const auto other = all[w.pick(all.size())];
  switch (w.pick(12)) {
    case 0:
    case 1:
      w.crash(one);
      break;
    case 2:
    case 3:
    case 4:
      w.restart(one);
      break;
    case 5:
      w.isolate(one);
      break;
    case 6:
      w.cut(one, other);  // in one direction only
      break;
    case 7:
    case 8:
      w.heal();
      break;
    case 9:
      w.stall_disk(one);
      break;
    case 10:
      for (const auto id : all)
        w.stall_disk(id, false);
      break;
    case 11:
      if (const auto first = w.leader()) static_cast<void>(w.node(*first).transfer(0, w.now()));
      break;
  }
}

void run_seed(std::uint64_t seed, std::size_t servers, std::size_t& acknowledged) {
  world w({.seed = seed,
           .servers = servers,
           .loss_percent = static_cast<std::uint32_t>(seed % 7),
           .network_ms_max = static_cast<std::uint32_t>(1 + seed % 23),
           .disk_ms_max = static_cast<std::uint32_t>(seed % 13)});
  for (int round = 0; round < 60; ++round) {
    if (w.pick(3) == 0) something_happens(w);
    for (auto left = w.pick(10); left > 0; --left) {
      for (const auto id : w.ids()) {
        if (w.alive(id)) w.propose(id);
      }
      w.run(w.pick(10));
    }
    w.run(w.pick(30));
  }
  w.check_end();
  acknowledged += w.acknowledged();
}

}  // namespace

TEST_CASE("three replicas agree whatever happens", "[simulation]") {
  std::size_t acknowledged = 0;
  const auto [first, count] = seeds(200);
  for (auto seed = first; seed < first + count; ++seed) {
    INFO("GRTEST_SEED=" << seed);
    run_seed(seed, 3, acknowledged);
  }
  // A simulation in which nothing gets through would find nothing.
  CHECK(acknowledged > count * 20);
}

TEST_CASE("five replicas agree whatever happens", "[simulation]") {
  std::size_t acknowledged = 0;
  const auto [first, count] = seeds(20);
  for (auto seed = first; seed < first + count; ++seed) {
    INFO("GRTEST_SEED=" << seed);
    run_seed(seed, 5, acknowledged);
  }
  CHECK(acknowledged > count * 10);
}

TEST_CASE("one replica alone survives every crash", "[simulation]") {
  std::size_t acknowledged = 0;
  const auto [first, count] = seeds(50);
  for (auto seed = first; seed < first + count; ++seed) {
    INFO("GRTEST_SEED=" << seed);
    run_seed(seed, 1, acknowledged);
  }
  CHECK(acknowledged > count * 20);
}

}  // namespace greenroom::raft::test

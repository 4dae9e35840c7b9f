// SPDX-License-Identifier: MIT
#include "telemetry/heap.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <vector>

namespace {

std::size_t resident_mib() {
  std::ifstream file("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  file >> size >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) >> 20;
}

}  // namespace

TEST_CASE("what was freed between survivors goes back to the system") {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  SUCCEED("the allocator of a sanitizer is another one");
  return;
#endif
  greenroom::telemetry::heap_keeper heap;
  CHECK_FALSE(heap.look());
  constexpr std::size_t blocks = 1600;
  std::vector<void*> all;
  std::vector<void*> survivors;
  for (std::size_t i = 0; i < blocks; ++i) {
    constexpr std::size_t bytes = 100'000;  // below the size that malloc() maps by itself
    all.push_back(std::memset(std::malloc(bytes), 1, bytes));
    survivors.push_back(std::malloc(100));
  }
  const auto full = resident_mib();
  CHECK_FALSE(heap.look());  // in use
  for (auto* block : all) {
    std::free(block);
  }
  CHECK(heap.look());
  CHECK(resident_mib() + 100 < full);
  CHECK_FALSE(heap.look());
  for (auto* block : survivors) {
    std::free(block);
  }
}

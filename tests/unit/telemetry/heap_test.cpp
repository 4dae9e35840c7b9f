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

/// Blocks that lie between smaller ones, so that freeing them gives nothing back by itself.
class blocks_between_survivors {
 public:
  blocks_between_survivors() {
    for (std::size_t i = 0; i < count; ++i) {
      constexpr std::size_t bytes = 100'000;  // below the size that malloc() maps by itself
      blocks_.push_back(std::memset(std::malloc(bytes), 1, bytes));
      survivors_.push_back(std::malloc(100));
    }
  }
  ~blocks_between_survivors() {
    free_blocks();
    for (auto* block : survivors_) {
      std::free(block);
    }
  }
  blocks_between_survivors(const blocks_between_survivors&) = delete;
  blocks_between_survivors& operator=(const blocks_between_survivors&) = delete;

  void free_blocks() {
    for (auto* block : blocks_) {
      std::free(block);
    }
    blocks_.clear();
  }

 private:
  static constexpr std::size_t count = 1600;
  std::vector<void*> blocks_;
  std::vector<void*> survivors_;
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool other_allocator = true;
#else
constexpr bool other_allocator = false;
#endif

}  // namespace

TEST_CASE("what was freed between survivors goes back to the system") {
  if (other_allocator) {
    SUCCEED("the allocator of a sanitizer is another one");
    return;
  }
  greenroom::telemetry::heap_keeper heap;
  heap.look();
  blocks_between_survivors memory;
  const auto full = resident_mib();
  CHECK_FALSE(heap.look());  // in use
  memory.free_blocks();
  CHECK(heap.look());
  CHECK(resident_mib() + 100 < full);
  CHECK_FALSE(heap.look());
}

TEST_CASE("what was freed before the first look goes back too") {
  if (other_allocator) {
    SUCCEED("the allocator of a sanitizer is another one");
    return;
  }
  blocks_between_survivors memory;
  const auto full = resident_mib();
  memory.free_blocks();
  greenroom::telemetry::heap_keeper heap;
  CHECK(heap.look());
  CHECK(resident_mib() + 100 < full);
}

TEST_CASE("what is in use is counted while somebody has it, and not what was freed") {
  if (other_allocator) {
    SUCCEED("the allocator of a sanitizer is another one");
    return;
  }
  constexpr std::size_t some = 100'000'000;  // of 160 MB
  const auto before = greenroom::telemetry::heap_used_bytes();
  blocks_between_survivors memory;
  const auto full = greenroom::telemetry::heap_used_bytes();
  CHECK(full > before + some);
  memory.free_blocks();
  CHECK(greenroom::telemetry::heap_used_bytes() + some < full);
}

// SPDX-License-Identifier: MIT
#include "telemetry/heap.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <vector>

#include "support/eventually.hpp"

namespace {

std::size_t resident_mib() {
  std::ifstream file("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  file >> size >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) >> 20;
}

/// Blocks that lie between others which stay, as what belongs to connections lies among what has
/// come meanwhile.
class blocks_between_survivors {
 public:
  blocks_between_survivors(std::size_t count, std::size_t bytes) {
    for (std::size_t i = 0; i < count; ++i) {
      blocks_.push_back(std::memset(std::malloc(bytes), 1, bytes));
      survivors_.push_back(std::malloc(48));
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
  std::vector<void*> blocks_;
  std::vector<void*> survivors_;
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool other_allocator = true;
#else
constexpr bool other_allocator = false;
#endif

}  // namespace

TEST_CASE("what was freed between survivors goes back to the system by itself") {
  if (other_allocator) {
    SUCCEED("the allocator of a sanitizer is another one");
    return;
  }
  // 160 MB, small and large; trimming the heap of the C library gives nothing of the small ones
  // back, since there is a survivor in each of their pages.
  for (const std::size_t bytes : {1'000, 100'000}) {
    blocks_between_survivors memory(160'000'000 / bytes, bytes);
    const auto full = resident_mib();
    memory.free_blocks();
    INFO(bytes << " bytes each, " << full << " MiB");
    CHECK(greenroom::test::eventually([&] { return resident_mib() + 100 < full; }));
  }
}

TEST_CASE("what is in use is counted while somebody has it, and not what was freed") {
  if (other_allocator) {
    SUCCEED("the allocator of a sanitizer is another one");
    return;
  }
  constexpr std::size_t some = 100'000'000;  // of 160 MB
  const auto before = greenroom::telemetry::heap_used_bytes();
  blocks_between_survivors memory(1'600, 100'000);
  const auto full = greenroom::telemetry::heap_used_bytes();
  CHECK(full > before + some);
  memory.free_blocks();
  CHECK(greenroom::telemetry::heap_used_bytes() + some < full);
}

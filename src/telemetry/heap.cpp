// SPDX-License-Identifier: MIT
#include "telemetry/heap.hpp"

#include <malloc.h>

#include <algorithm>
#include <cstdint>

extern "C" {
/// Of jemalloc: null in programs that are not linked with it.
[[gnu::weak]] int mallctl(const char* name, void* old, std::size_t* old_length, void* next,
                          std::size_t next_length);
}

namespace greenroom::telemetry {

std::size_t heap_used_bytes() {
  if (mallctl == nullptr) {
    const auto heap = mallinfo2();
    return heap.uordblks + heap.hblkhd;
  }
  std::uint64_t now = 1;  // any number: what follows is counted anew
  mallctl("epoch", nullptr, nullptr, &now, sizeof now);
  const auto figure = [](const char* name) {
    std::size_t bytes = 0;
    auto length = sizeof bytes;
    return mallctl(name, &bytes, &length, nullptr, 0) == 0 ? bytes : 0;
  };
  const auto used = figure("stats.allocated");
  // What was freed and waits in the threads' caches for the next who wants it is among that.
  return used - std::min(used, figure("stats.arenas.4096.tcache_bytes"));  // 4096: of all arenas
}

}  // namespace greenroom::telemetry

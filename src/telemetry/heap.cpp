// SPDX-License-Identifier: MIT
#include "telemetry/heap.hpp"

#include <malloc.h>

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
  std::size_t used = 0;
  auto length = sizeof used;
  return mallctl("stats.allocated", &used, &length, nullptr, 0) == 0 ? used : 0;
}

}  // namespace greenroom::telemetry

// SPDX-License-Identifier: MIT
#include "telemetry/heap.hpp"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace greenroom::telemetry {

namespace {

/// Less than this is not worth the walk through all heaps.
constexpr std::size_t worth_bytes = 32 << 20;

/// Of the memory that is resident, what malloc() has not given to anybody.
std::size_t unused_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  if (!(file >> size >> resident)) return 0;
  resident *= static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const auto heap = mallinfo2();
  const auto used = heap.uordblks + heap.hblkhd;
  return resident > used ? resident - used : 0;
}

}  // namespace

bool heap_keeper::look() {
  const auto unused = unused_bytes();
  left_ = std::min(left_, unused);
  if (unused - left_ < worth_bytes) return false;
  malloc_trim(0);
  left_ = unused_bytes();
  return true;
}

}  // namespace greenroom::telemetry

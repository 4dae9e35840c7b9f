// SPDX-License-Identifier: MIT
#include "telemetry/heap.hpp"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace greenroom::telemetry {

namespace {

/// Less than this is not worth the walk through all heaps.
constexpr std::size_t worth_bytes = 16 << 20;

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  if (!(file >> size >> resident)) return 0;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

std::size_t less(std::size_t bytes, std::size_t by) {
  return bytes > by ? bytes - by : 0;
}

}  // namespace

std::size_t heap_used_bytes() {
  const auto heap = mallinfo2();
  return heap.uordblks + heap.hblkhd;
}

bool heap_keeper::look() {
  const auto used = heap_used_bytes();
  const auto unused = less(resident_bytes(), used);
  left_ = std::min(left_, unused);
  if (unused - left_ < worth_bytes) return false;
  malloc_trim(0);
  // What is freed in these moments may have missed the trim. It was in use before, so it does not
  // count as what trimming cannot help against.
  left_ = less(resident_bytes(), std::max(used, heap_used_bytes()));
  return true;
}

}  // namespace greenroom::telemetry

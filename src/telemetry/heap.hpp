// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Gives freed memory back to the system. glibc does so only at the top of each heap, so that after
/// a burst of large messages one small survivor keeps all of it.

#include <cstddef>

namespace greenroom::telemetry {

/// Bytes that malloc() has given to somebody who has not freed them: what is in use, however much
/// of the memory that it keeps is in RAM. Looks at all heaps, each for a moment under its lock.
std::size_t heap_used_bytes();

/// Belongs to one thread.
class heap_keeper {
 public:
  /// Trims the heap when much has been freed since the last time; meant for every few seconds. True
  /// when it did.
  bool look();

 private:
  /// Resident and not in use by malloc() after the last trim: what trimming cannot help against.
  /// Nothing is known at first: what is unused then may be what a burst has left.
  std::size_t left_ = 0;
};

}  // namespace greenroom::telemetry

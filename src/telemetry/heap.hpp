// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What the node has in use of the memory that its allocator keeps. greenroomd is linked with
/// jemalloc (src/allocator.cpp says how it behaves), other programs have malloc of the C library.

#include <cstddef>

namespace greenroom::telemetry {

/// Bytes that malloc() has given to somebody who has not freed them, however much of the memory
/// that it keeps is in RAM. 0 with the allocators of sanitizers. Looks at all heaps, each for a
/// moment under its lock.
std::size_t heap_used_bytes();

}  // namespace greenroom::telemetry

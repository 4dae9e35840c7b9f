// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Names of threads, which `top -H`, `ps -L`, `perf` and debuggers show.

namespace greenroom::runtime {

/// Of the calling thread. At most 15 bytes count (pthread_setname_np(3)).
void name_thread(const char* name) noexcept;

}  // namespace greenroom::runtime

// SPDX-License-Identifier: MIT
#include "runtime/thread_name.hpp"

#include <pthread.h>

#include <array>
#include <cstdio>

namespace greenroom::runtime {

void name_thread(const char* name) noexcept {
  std::array<char, 16> shown{};
  std::snprintf(shown.data(), shown.size(), "%s", name);
  ::pthread_setname_np(::pthread_self(), shown.data());
}

}  // namespace greenroom::runtime

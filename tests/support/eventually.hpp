// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Waiting for what another thread does.

#include <chrono>
#include <thread>

namespace greenroom::test {

/// Looks until it holds; the deadline is for what hangs.
template <class Condition>
bool eventually(Condition holds) {
  using namespace std::chrono_literals;
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(10ms);  // between two looks
  }
  return true;
}

}  // namespace greenroom::test

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// How long a request of a client may take inside.

#include <chrono>

#include "config/settings.hpp"

namespace greenroom::actors {

/// When calls for a request that comes now have to be over: a little before
/// `limits.request_timeout_ms` is, so that the answer goes out in time.
inline std::chrono::steady_clock::time_point answer_time(const greenroom::settings& s) {
  constexpr std::chrono::milliseconds margin{200};
  return std::chrono::steady_clock::now() + std::chrono::milliseconds(s.limits.request_timeout_ms) -
         margin;
}

}  // namespace greenroom::actors

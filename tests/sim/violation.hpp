// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// How a simulation says that something happened that must not.

#include <stdexcept>
#include <string>

namespace greenroom::sim {

struct violation : std::runtime_error {
  using runtime_error::runtime_error;
};

inline void ensure(bool holds, const char* rule) {
  if (!holds) throw violation(rule);
}
/// `detail`: a callable that gives the text, asked only when it is needed.
template <class Detail>
void ensure(bool holds, const char* rule, Detail detail) {
  if (!holds) throw violation(std::string(rule) + ": " + detail());
}

}  // namespace greenroom::sim

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What is to be said when all who answered know nothing of what was asked for.

#include <string>
#include <utility>
#include <vector>

namespace greenroom::actors {

struct nowhere_found {
  const char* code;  ///< of the console's protocol
  std::string message;
};

/// `missing`: the nodes that did not answer, and why. One of them may be the one that has it, so
/// it is not said then that it does not exist.
inline nowhere_found nowhere(const std::vector<std::pair<std::string, std::string>>& missing,
                             const std::string& what) {
  if (missing.empty()) return {"not_found", "no node has " + what};
  std::string names;
  for (const auto& [node, why] : missing) {
    names += (names.empty() ? "" : ", ") + node;
  }
  return {"unreachable", "no node that answers has " + what + "; " + names + " did not answer"};
}

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What the tool tells the shell (docs/operations.md).

#include <string_view>

namespace greenroom::cli {

enum class exit_code : int {
  ok = 0,
  failure = 1,
  usage = 2,
  not_found = 3,
  refused = 4,  ///< also: wrong password
  unreachable = 5,
  timed_out = 6,
  unhealthy = 7,   ///< also: some nodes did not answer
  leaderless = 8,  ///< cluster status: a shard has no leader
  critical = 9,    ///< cluster status: there is a node whose loss would stop a shard
};

/// Of an error code of the operator's socket.
constexpr exit_code exit_code_of(std::string_view admin_code) noexcept {
  if (admin_code == "usage") return exit_code::usage;
  if (admin_code == "not_found" || admin_code == "user_offline") return exit_code::not_found;
  if (admin_code == "refused") return exit_code::refused;
  if (admin_code == "unreachable") return exit_code::unreachable;
  if (admin_code == "timeout") return exit_code::timed_out;
  return exit_code::failure;
}

}  // namespace greenroom::cli

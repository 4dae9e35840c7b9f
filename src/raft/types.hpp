// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The words that everything in this folder shares.

#include <cstdint>

namespace greenroom::raft {

/// Identifies a replica within the groups; never 0. Derived from the node's id.
using server_id = std::uint64_t;

/// Monotonic milliseconds.
using steady_ms = std::uint64_t;

enum class role : std::uint8_t { follower, candidate, leader };

struct server {
  server_id id = 0;
  bool voter = true;
  bool operator==(const server&) const = default;
};

/// What a log entry is; store::log_entry::type holds it as a number. The numbers are on disk.
enum class entry_kind : std::uint8_t {
  command = 1,        ///< for the machine
  barrier = 2,        ///< a leader's first entry of its term; has no content
  configuration = 3,  ///< who the group consists of from here on
};

}  // namespace greenroom::raft

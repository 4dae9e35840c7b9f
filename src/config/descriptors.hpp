// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What the descriptors of the process are for. Running out of them is no refusal of one client:
/// the store cannot open a file any more and the node ends. So they are divided at start.
///
/// | reserve | for |
/// |---|---|
/// | 128 | files of the store, and up to 512 when some are left over |
/// | 128 | callers at the cluster port that have not proved who they are: 64 in the handshake, 64
/// behind | | 64 | clients beyond limits.max_connections, while they are told so | | 64 | links to
/// other nodes, both directions, and consoles (32 at most) | | 64 | listeners, pipes, logs, and
/// what the store writes | | 4 per http.io_threads | the threads of the listener |

#include <cstdint>

#include "protocol/error.hpp"

namespace greenroom::config {

struct descriptor_plan {
  std::uint32_t connections = 0;  ///< what limits.max_connections comes to
  std::uint32_t turned_away = 0;
  std::uint32_t store_files = 0;
};

/// An error when `limit` (ulimit -n) is too low for a node.
expected<descriptor_plan> plan_descriptors(std::uint64_t limit, std::uint32_t max_connections,
                                           std::uint32_t io_threads);

}  // namespace greenroom::config

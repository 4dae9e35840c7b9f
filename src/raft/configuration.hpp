// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Who a group consists of, as the content of log entries of kind `configuration`. Our own format,
/// so that the log outlives the consensus library, whose decoder trusts its input.

#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"
#include "raft/types.hpp"

namespace greenroom::raft {

struct configuration {
  /// More is refused everywhere: a group has three replicas and a few on their way in or out.
  static constexpr std::size_t servers_max = 32;

  std::vector<server> servers;

  [[nodiscard]] bool contains(server_id id) const noexcept;
  /// True if `id` alone decides: it votes and nobody else does.
  [[nodiscard]] bool sole_voter(server_id id) const noexcept;
  bool operator==(const configuration&) const = default;
};

/// Why this cannot be a group, if it cannot: empty, too large, an id that is 0 or occurs twice, or
/// nobody who votes.
[[nodiscard]] expected<void> check(const configuration& c);

std::string encode(const configuration& c);
/// Refuses damage and whatever check() refuses.
expected<configuration> decode_configuration(std::string_view bytes);

}  // namespace greenroom::raft

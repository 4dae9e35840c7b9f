// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// `host:port` of a node as people write it.

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/error.hpp"

namespace greenroom::client {

inline constexpr std::uint16_t default_port = 8080;

struct node_address {
  std::string host;  ///< without the brackets of an IPv6 address
  std::uint16_t port = default_port;
  /// `host:port`, with brackets where they are needed.
  [[nodiscard]] std::string str() const;
};

/// `host`, `host:port`, `[::1]`, `[::1]:port`; the error says what is wrong.
expected<node_address> split_node(std::string_view text);

}  // namespace greenroom::client

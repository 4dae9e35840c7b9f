// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Where a listener listens, written as one text: "127.0.0.1:9080", "0.0.0.0:9080", "[::]:9080".

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace greenroom::config {

struct listen_address {
  std::string address;  ///< an IP address, without brackets
  std::uint16_t port = 0;
};

/// An IPv4 or IPv6 address, as text without brackets.
bool is_ip(std::string_view text);

/// Nothing when it is not an IP address (of version 6: in brackets), a colon and a port of 0 to
/// 65535.
std::optional<listen_address> parse_listen_address(std::string_view text);

}  // namespace greenroom::config

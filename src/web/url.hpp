// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Addresses of receivers, as they are given to this node. Only what is needed to send there.

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/error.hpp"

namespace greenroom::web {

inline constexpr std::size_t url_bytes_max = 2048;

struct url {
  bool tls = false;
  std::string host;  ///< a name or an address, without brackets
  std::uint16_t port = 0;
  std::string target;  ///< path and query, at least "/"

  /// As it goes into the header `Host`.
  [[nodiscard]] std::string authority() const;
  bool operator==(const url&) const = default;
};

/// `http://` or `https://`; no user, no password (secrets do not travel in URLs), no fragment,
/// nothing but printable ASCII. INVALID_MESSAGE or TOO_LARGE naming the field `url`.
expected<url> parse_url(std::string_view text);

}  // namespace greenroom::web

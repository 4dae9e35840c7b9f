// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What is checked before GET /ws becomes a WebSocket (docs/protocol.md, section 1), and what is
/// answered. Pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/asio.hpp"
#include "protocol/codec.hpp"

namespace greenroom::net {

/// Whether a browser on `origin` may connect to a server that it calls `host` (RFC 6455 section
/// 10.2): the same host and port, where a missing port is that of the origin's scheme, or one of
/// `allowed`. `null` never may, unless it were listed.
bool origin_allowed(std::string_view origin, std::string_view host,
                    const std::vector<std::string>& allowed);

/// The same for a request; without an Origin header it is no browser and may.
bool origin_allowed(const http::request<http::string_body>& request,
                    const std::vector<std::string>& allowed);

/// Whether the request has one Sec-WebSocket-Key, of 16 bytes in base64 (RFC 6455 section 4.2.1).
bool has_good_key(const http::request<http::string_body>& request);

struct chosen_subprotocol {
  std::string name;  ///< empty: none was offered
  protocol::encoding encoding = protocol::encoding::json;
};
/// The first of ours that the client offers; none offered means JSON. Empty when only others are.
std::optional<chosen_subprotocol> choose_subprotocol(
    const http::request<http::string_body>& request);

/// The answer that makes a WebSocket of the connection (RFC 6455 section 4.2.2). `subprotocol` and
/// `extensions` may be empty: there are none.
std::string upgrade_answer(std::string_view key, std::string_view subprotocol,
                           std::string_view extensions);

}  // namespace greenroom::net

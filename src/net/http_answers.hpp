// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// HTTP answers of the node: the envelope (docs/protocol.md, section 7), pages, and the checks of an
/// upgrade. Pure.

#include <optional>
#include <string>
#include <vector>

#include "net/asio.hpp"
#include "net/routes.hpp"
#include "net/server.hpp"

namespace greenroom::net {

using response = http::response<http::string_body>;

/// In the envelope, with the status of its code and Retry-After where that helps.
response answer_error(const error& e, const std::optional<uuid>& request_id);
response answer_call(const protocol::answer_envelope& a, bool creates,
                     const std::optional<std::string>& echo);
response answer_no_route(const no_route& r);
response answer_page(const node_pages& pages, own_page which, bool as_json);

/// No Origin (not a browser), the server's own (same host and port as Host), or a listed one.
bool origin_allowed(const http::request<http::string_body>& request,
                    const std::vector<std::string>& allowed);

struct chosen_subprotocol {
  std::string name;  ///< empty: none was offered
  protocol::encoding encoding = protocol::encoding::json;
};
/// Empty when only others are offered.
std::optional<chosen_subprotocol> choose_subprotocol(
    const http::request<http::string_body>& request);

}  // namespace greenroom::net

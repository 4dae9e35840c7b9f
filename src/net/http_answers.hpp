// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// HTTP answers of the node: the envelope (docs/protocol.md, section 7) and pages. Pure.

#include <optional>
#include <string>

#include "net/asio.hpp"
#include "net/routes.hpp"
#include "net/server.hpp"

namespace greenroom::net {

using response = http::response<http::string_body>;

/// In the envelope, with the status of its code and Retry-After where that helps.
response answer_error(const error& e, const std::optional<uuid>& request_id);
/// Of an address that connects more often than `per_minute`.
error connects_too_often(std::uint32_t per_minute);
/// Of one that has as many open as it may.
error too_many_connections();
response answer_call(const protocol::answer_envelope& a, bool creates,
                     const std::optional<std::string>& echo);
/// Of a verb of the console: the answer as the operator's socket gives it, without the envelope,
/// which errors of the transport and of rights have.
response answer_console(const protocol::answer_envelope& a);
/// An error with a status that only the transport knows (408, 417, 431 …).
response answer_error(int status, const error& e, const std::optional<uuid>& request_id = {});
/// 404; 405 with Allow; 204 with Allow for OPTIONS.
response answer_no_route(const no_route& r, const std::optional<uuid>& request_id = {});
/// 500 when the page cannot be made.
response answer_page(const node_pages& pages, own_page which, bool as_json);

/// The present second as `Date` has it (RFC 9110 section 5.6.7).
std::string http_date();

/// Whether the client prefers the document to the HTML page.
bool wants_json(const http::request<http::string_body>& r);
/// The token of `Authorization: Bearer …`.
std::optional<std::string> bearer_of(const http::request<http::string_body>& r);

}  // namespace greenroom::net

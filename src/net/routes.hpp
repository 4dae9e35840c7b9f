// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The HTTP API as a table: method and path → request of the protocol. Pure: from a parsed HTTP
/// request to a plan, without I/O.

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "net/asio.hpp"
#include "net/port.hpp"

namespace greenroom::net {

/// A request for the handler.
struct planned_call {
  protocol::request request;
  bool creates = false;  ///< 201 on success, unless it was a repeat
  bool authenticate_only = false;
  bool self = false;
  std::optional<uuid> subject;
  std::optional<account_action> account;
  std::optional<announcement_action> announcement;
  std::optional<room_export_action> room_export;
  std::optional<webhook_action> webhook;
  std::optional<room_restore_action> room_restore;
  std::optional<message_export_action> message_export;
  std::optional<console_action> console;
  /// /api/echo: sent back as it came, once authenticated.
  std::optional<std::string> echo;
};

/// One of the node's own pages.
enum class own_page : std::uint8_t {
  root,
  api,
  health,
  health_live,
  health_ready,
  metrics,
  openapi,
  asyncapi,
};

/// No such route, or not with this method.
struct no_route {
  std::string allowed;   ///< empty: 404; else what Allow says
  bool options = false;  ///< that was the question
  bool api = false;      ///< below /api, where there are no files
};

using plan = std::variant<planned_call, own_page, no_route, error>;

/// What to do with a request. Errors: INVALID_MESSAGE naming the field, UNSUPPORTED for routes that
/// are not offered yet.
plan plan_request(const http::request<http::string_body>& request);

/// Refuses a target whose query is malformed or carries a token: for routes outside the table.
std::optional<error> check_query(std::string_view target);

/// "METHOD /path" of every route of the API, for GET /api.
std::vector<std::string> endpoints();

}  // namespace greenroom::net

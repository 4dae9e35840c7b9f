// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// How the console says what leaders have answered. For the parts of the admin actor.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "actors/calls.hpp"
#include "protocol/error.hpp"

namespace greenroom::actors {

/// The code of the console's protocol, and what is said.
inline std::pair<const char*, std::string> as_console_says(const error& why) {
  switch (why.code) {
    case ec::user_not_found:
      return {"not_found", why.message};
    case ec::username_taken:
    case ec::conflict:
    case ec::forbidden:
      return {"refused", why.message};
    case ec::unavailable:
      return {"unreachable", "the leader of the account cannot be reached right now"};
    default:
      return {"failure", why.message};
  }
}

/// Of what was asked for: the operator's socket has its own codes (docs/operations.md).
inline const char* code_of(const error& e) {
  switch (e.code) {
    case ec::invalid_message:
    case ec::too_large:
      return "usage";
    case ec::room_not_found:
      return "not_found";
    case ec::conflict:
      return "refused";
    case ec::unavailable:
      return "unreachable";
    default:
      return "failure";
  }
}

/// Nothing: it is an answer.
inline std::optional<error> refusal_in(const reply_body& body) {
  if (const auto* why = std::get_if<error>(&body)) return *why;
  if (std::holds_alternative<not_leader>(body))
    return unavailable("another leader is needed, and it is moving", 100).value();
  return std::nullopt;
}

/// One row, of this node's own knowledge.
inline nlohmann::json answer_of(const std::vector<std::string>& columns, nlohmann::json row) {
  return {{"ok", true},
          {"columns", columns},
          {"rows", nlohmann::json::array({std::move(row)})},
          {"missing", nlohmann::json::array()}};
}

}  // namespace greenroom::actors

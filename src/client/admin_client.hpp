// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// One request to a node's admin socket (docs/operations.md).

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <tl/expected.hpp>

namespace greenroom::client {

enum class admin_failure : std::uint8_t { unreachable, timed_out };

struct admin_error {
  admin_failure kind = admin_failure::unreachable;
  std::string message;
};

/// Blocks until the answer is there or the time-out is over.
tl::expected<nlohmann::json, admin_error> ask_admin(const std::string& socket_path,
                                                    const nlohmann::json& request,
                                                    std::chrono::milliseconds timeout);

}  // namespace greenroom::client

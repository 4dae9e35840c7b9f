// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Asks a node's operator socket (docs/operations.md): one JSON document per line over a Unix
/// socket. Blocks, with a time-out; throws nothing.

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <tl/expected.hpp>

namespace greenroom::client {

/// Why there is no result. `code` is the node's (usage, not_found, refused, failure, …) or one of
/// our own: unreachable, timeout.
struct admin_error {
  std::string code;
  std::string message;
};

/// `answer` as the node sent it, with `ok` true. `timeout` is told to the node, which then sends
/// what it has; for the answer itself a little more is allowed.
tl::expected<nlohmann::json, admin_error> ask_admin(const std::filesystem::path& socket,
                                                    const std::string& verb,
                                                    const nlohmann::json& args,
                                                    std::chrono::milliseconds timeout);

}  // namespace greenroom::client

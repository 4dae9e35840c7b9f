// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The operator's door: a Unix socket (mode 0600) that speaks one JSON document per line
/// (docs/operations.md). Whoever can open it is the node's owner; there is no other check.
///
///   → {"verb":"actors","args":{},"timeout_ms":5000}
///   ← {"ok":true,"columns":["id",…],"rows":[{…},…],"missing":[{"node":"node2","reason":"…"}]}
///   ← {"ok":false,"error":{"code":"not_found","message":"…"}}
///
/// The handler gets the request with `by`: {"uid","pid"} of the process at the other end, as the
/// kernel knows it, whatever the request said.

#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>

#include "protocol/error.hpp"

namespace greenroom::net {

/// Called on the socket's own thread; `done` exactly once, from any thread.
using admin_handler =
    std::function<void(nlohmann::json request, std::function<void(nlohmann::json)> done)>;

class admin_socket {
 public:
  /// Replaces a stale socket file; refuses when another process answers on it, and when the path is
  /// too long for a Unix socket (107 bytes), naming both.
  static expected<std::unique_ptr<admin_socket>> start(const std::filesystem::path& path,
                                                       admin_handler handler);
  ~admin_socket();
  admin_socket(const admin_socket&) = delete;
  admin_socket& operator=(const admin_socket&) = delete;

 private:
  struct impl;
  explicit admin_socket(std::unique_ptr<impl> state);
  std::unique_ptr<impl> impl_;
};

}  // namespace greenroom::net

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Where the console of a node is asked: at its Unix socket, or over HTTP by a server admin with
/// his token (docs/operations.md). Same questions, same answers.

#include <filesystem>
#include <string>
#include <string_view>

#include "client/admin.hpp"
#include "client/node_address.hpp"

namespace greenroom::client {

struct console_door {
  std::filesystem::path socket;  ///< when `is_remote` is false; empty: there is none
  bool is_remote = false;
  node_address node;
  bool tls = false;
  std::string ca_file;  ///< empty: whom the system trusts
  std::string token;    ///< of a server admin; empty: there is none

  console_door() = default;
  console_door(std::filesystem::path path) : socket(std::move(path)) {}  // NOLINT: they are alike
  [[nodiscard]] bool empty() const noexcept { return !is_remote && socket.empty(); }
};

/// Whether it is a URL and no path.
bool is_node_url(std::string_view text) noexcept;

/// Of `https://HOST[:PORT]` (443 without one) or, to this machine only, `http://HOST[:PORT]`. The
/// error says what is wrong: INVALID_MESSAGE; FORBIDDEN where a token would travel in the clear.
expected<console_door> door_at(std::string_view url);

/// ask_admin, at either. Over HTTP a node that says it is asked too often is asked again after the
/// pause that it names, within the time-out. Codes beside those of the socket: `refused` also for a
/// token that is missing, bad, or no server admin's; `timeout`, `unreachable` also for a
/// certificate that is not trusted.
tl::expected<nlohmann::json, admin_error> ask_admin(const console_door& door,
                                                    const std::string& verb,
                                                    const nlohmann::json& args,
                                                    std::chrono::milliseconds timeout);

}  // namespace greenroom::client

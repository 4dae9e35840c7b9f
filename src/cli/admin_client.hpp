// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The other end of a node's admin socket: one JSON document per line each way
/// (docs/operations.md). Blocking, for programs that ask one thing and end.

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "cli/exit_code.hpp"

namespace greenroom::cli {

struct admin_failure {
  exit_code code = exit_code::failure;
  std::string message;
};

/// What a node answered to a verb.
struct admin_answer {
  std::vector<std::string> columns;
  nlohmann::json rows = nlohmann::json::array();
  /// Nodes of the cluster that are not in the rows.
  struct absentee {
    std::string node;
    std::string reason;
  };
  std::vector<absentee> missing;
};

/// Where a node's socket is looked for, below the working directory, when nobody says.
std::vector<std::string> default_sockets();

/// The exit status for the `code` of an error that a node answered.
exit_code exit_code_of(const std::string& admin_code);

class admin_client {
 public:
  using clock = std::chrono::steady_clock;

  /// Connects to the first of `sockets` where a node answers. A folder stands for the admin.sock in
  /// it. The failure names everything that was tried.
  static tl::expected<admin_client, admin_failure> connect(const std::vector<std::string>& sockets,
                                                           clock::time_point deadline);
  ~admin_client();
  admin_client(admin_client&& other) noexcept;
  admin_client(const admin_client&) = delete;
  admin_client& operator=(const admin_client&) = delete;

  /// Sends one request and waits for its answer. The node is told `timeout`; a little more is given
  /// to the answer, so that a node which collected from others can still say who was late.
  tl::expected<admin_answer, admin_failure> ask(const std::string& verb,
                                                const nlohmann::json& arguments,
                                                std::chrono::milliseconds timeout);

 private:
  admin_client(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  tl::expected<void, admin_failure> send_line(const std::string& line, clock::time_point deadline);
  tl::expected<std::string, admin_failure> read_line(clock::time_point deadline);
  tl::expected<void, admin_failure> wait_for(short events, clock::time_point deadline);

  int fd_ = -1;
  std::string path_;
};

}  // namespace greenroom::cli

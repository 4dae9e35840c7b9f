// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// `greenroom console`: one question to the operator's socket of a node, answered on standard
/// output; everything that is not data goes to standard error.

#include <CLI/App.hpp>
#include <chrono>
#include <iosfwd>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/exit_code.hpp"

namespace greenroom::cli {

enum class output_format : std::uint8_t { table, json };

/// What was typed.
struct console_options {
  std::string socket;    ///< empty: the first of default_sockets() that is there
  double timeout_s = 0;  ///< 0: the verb's own
  output_format output = output_format::table;
  bool no_headers = false;
  std::string verb;
  // Of the verbs:
  std::string kind;
  std::optional<std::uint32_t> limit;
  std::string user;
  std::string role;
  bool create = false;
  std::optional<std::uint32_t> count;
  std::optional<std::uint16_t> shard;
  std::string room;
  std::string node;
  std::string to;
  std::string from;
  bool fewer_replicas = false;
  std::string target;   ///< of an announcement: room, user or everybody
  std::string called;   ///< which room or user
  std::string content;  ///< what is said
  std::string scopes;
  std::vector<std::string> rooms;
  std::optional<std::uint32_t> days;
  std::string label;
  std::string id;
};

/// Adds the sub-command and its verbs; parsing fills `options`.
CLI::App* add_console(CLI::App& parent, console_options& options);

/// The verbs' `args` on the operator's socket.
nlohmann::json console_args(const console_options& options);
std::chrono::milliseconds console_timeout(const console_options& options);

/// Writes the answer as asked for; the missing nodes to `complaints`.
exit_code show_answer(const console_options& options, const nlohmann::json& answer,
                      std::ostream& data, std::ostream& complaints);

exit_code run_console(const console_options& options);

}  // namespace greenroom::cli

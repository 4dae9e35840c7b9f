// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// `greenroom console`: one question to a node, at its operator's socket or over HTTP, answered on
/// standard output; everything that is not data goes to standard error. console_verbs and
/// console_acts are the command line, console_output the formats, console_confirm what asks before
/// it is done, console_watch `--watch`, console_follow `log tail --follow`, console_trace `trace`,
/// console_interactive the prompt, console_top `top`.

#include <CLI/App.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/exit_code.hpp"
#include "cli/table.hpp"
#include "client/console_door.hpp"

namespace greenroom::cli {

enum class output_format : std::uint8_t { table, json, wide, yaml, name };

/// What was typed.
struct console_options {
  std::string socket;      ///< or a URL; empty: the first of default_sockets() that is there
  std::string token_file;  ///< of a server admin's token, for a URL; empty: GREENROOM_TOKEN
  std::string ca_file;     ///< whom to trust, for a URL; empty: whom the system trusts
  double timeout_s = 0;    ///< 0: the verb's own
  output_format output = output_format::table;
  bool no_headers = false;
  std::string verb;
  // Of the verbs:
  std::string kind;
  std::string parent;
  bool by_kind = false;
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
  bool unpin = false;   ///< of rebalance: what was placed by hand too
  std::string target;   ///< of an announcement: room, user or everybody
  std::string called;   ///< which room or user
  std::string content;  ///< what is said
  std::string scopes;
  std::vector<std::string> rooms;
  std::optional<std::uint32_t> days;
  std::string label;
  std::string id;
  std::string filter;
  std::string actor;
  std::string session;
  std::string component;
  std::string level;
  bool dry_run = false;
  std::string grep;     ///< of the log: lines with this text
  bool follow = false;  ///< … and those that come, until Ctrl+C
  std::string message;  ///< of trace: the id that its client gives it; of chaos fail: its kind
  std::optional<std::uint32_t> seconds;
  std::optional<std::uint32_t> delay_ms;  ///< of what a node says to another (chaos)
  // Of all verbs, and of none:
  std::vector<std::string> columns;  ///< empty: those of the answer
  std::string sort;                  ///< COLUMN or COLUMN:asc or COLUMN:desc; empty: as it came
  std::optional<double> watch_s;     ///< asked again after so many seconds
  bool yes = false;                  ///< nothing is asked before an act
  bool once = false;                 ///< of top: one list, no screen
  std::string tab;                   ///< of top: which list it begins with
};

/// Adds the sub-command and its verbs; parsing fills `options`.
CLI::App* add_console(CLI::App& parent, console_options& options);

/// Whether the verb changes something; those that only look may be repeated.
bool is_act(std::string_view verb) noexcept;

/// The verbs' `args` on the operator's socket.
nlohmann::json console_args(const console_options& options);
std::chrono::milliseconds console_timeout(const console_options& options);

/// Writes the answer as asked for; the missing nodes to `complaints`. A column that is in no row
/// is a complaint and exit_code::usage. `style` is that of tables.
exit_code show_answer(const console_options& options, const nlohmann::json& answer,
                      std::ostream& data, std::ostream& complaints, const table_style& style = {});

/// Where to ask: the named socket or URL (with the token as it is now), else the first of the usual
/// places that has a socket; empty when there is none, or the URL is none (run_console says why).
client::console_door socket_of(const console_options& options);
/// The sentence for that.
std::string no_socket();

/// Asks and shows once, as a script wants it; for acts also asks the operator. `verb` is set.
exit_code run_verb(const console_options& options);

/// All of it: the prompt when no verb was typed on a terminal.
exit_code run_console(const console_options& options);

}  // namespace greenroom::cli

// SPDX-License-Identifier: MIT
#include "cli/console.hpp"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "cli/console_confirm.hpp"
#include "cli/console_follow.hpp"
#include "cli/console_interactive.hpp"
#include "cli/console_output.hpp"
#include "cli/console_top.hpp"
#include "cli/console_trace.hpp"
#include "cli/console_watch.hpp"
#include "cli/text.hpp"
#include "client/admin.hpp"

namespace greenroom::cli {

namespace {

constexpr std::array<const char*, 2> default_sockets{".greenroom/node1/admin.sock",
                                                     "greenroom-data/admin.sock"};

/// Without what an editor or a shell leaves around it; nothing when it cannot be a token.
std::string as_token(std::string text) {
  while (!text.empty() && (text.back() == '\r' || text.back() == '\n' || text.back() == ' '))
    text.pop_back();
  for (const char c : text) {
    if (c <= ' ' || c > '~') return {};
  }
  return text;
}

std::string token_of(const console_options& o) {
  std::string text;
  if (!o.token_file.empty()) {
    std::ifstream in(o.token_file);
    std::getline(in, text);
  } else if (const auto* given = std::getenv("GREENROOM_TOKEN"); given != nullptr) {
    text = given;
  }
  return as_token(std::move(text));
}

/// Says what is wrong with the URL or the options that go with one.
std::optional<exit_code> complain_about_node(const console_options& o) {
  if (!client::is_node_url(o.socket)) {
    if (o.token_file.empty() && o.ca_file.empty()) return std::nullopt;
    std::cerr << "greenroom: --token-file and --ca go with --node https://HOST:PORT\n";
    return exit_code::usage;
  }
  const auto door = client::door_at(o.socket);
  if (door) return std::nullopt;
  std::cerr << "greenroom: " << printable(door.error().message) << '\n';
  return door.error().code == ec::forbidden ? exit_code::refused : exit_code::usage;
}

}  // namespace

client::console_door socket_of(const console_options& o) {
  if (client::is_node_url(o.socket)) {
    auto door = client::door_at(o.socket);
    if (!door) return {};
    door->ca_file = o.ca_file;
    door->token = token_of(o);
    return std::move(*door);
  }
  if (!o.socket.empty()) return std::filesystem::path(o.socket);
  for (const auto* candidate : default_sockets) {
    std::error_code ignored;
    if (std::filesystem::exists(candidate, ignored)) return std::filesystem::path(candidate);
  }
  return {};
}

std::string no_socket() {
  return std::string("greenroom: no node found: neither ") + default_sockets[0] + " nor " +
         default_sockets[1] + " is here; name a node's socket or URL with --node";
}

exit_code run_verb(const console_options& o) {
  if (const auto no = confirm(o, isatty(STDIN_FILENO) == 1, std::cin, std::cerr)) return *no;
  const auto socket = socket_of(o);
  if (socket.empty()) {
    std::cerr << no_socket() << '\n';
    return exit_code::unreachable;
  }
  const auto answer = client::ask_admin(socket, o.verb, console_args(o), console_timeout(o));
  if (!answer) {
    std::cerr << "greenroom: " << printable(answer.error().message) << '\n';
    return exit_code_of(answer.error().code);
  }
  const auto result = show_answer(o, *answer, std::cout, std::cerr, style_of_output());
  std::cout.flush();
  return std::cout ? result : exit_code::failure;
}

exit_code run_console(const console_options& o) {
  if (const auto no = complain_about_node(o)) return *no;
  if (o.verb.empty()) {
    if (isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1) return run_prompt(o);
    std::cerr << "greenroom: a verb is missing; greenroom console --help lists them\n";
    return exit_code::usage;
  }
  if (o.verb == "top") return run_top(o);
  if (o.follow) return follow_log(o);
  if (o.verb.starts_with("trace ")) return run_trace(o);
  if (o.watch_s) {
    if (is_act(o.verb)) {
      std::cerr << "greenroom: --watch is for verbs that only look, and " << o.verb
                << " changes something\n";
      return exit_code::usage;
    }
    return watch(o);
  }
  return run_verb(o);
}

}  // namespace greenroom::cli

// SPDX-License-Identifier: MIT
#include "cli/room.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/room_file.hpp"
#include "cli/text.hpp"
#include "client/http.hpp"
#include "protocol/limits.hpp"
#include "protocol/text.hpp"

namespace greenroom::cli {

namespace {

using nlohmann::json;

constexpr const char* examples =
    "Examples:\n"
    "  greenroom room export --user alice lobby > lobby.jsonl\n"
    "  greenroom room verify lobby.jsonl\n"
    "\n"
    "An export is for owners of the room and admins of the server. The token comes from\n"
    "--token-file or GREENROOM_TOKEN; with --user it is got with the password from\n"
    "--password-file or GREENROOM_PASSWORD. verify needs no node. Exit codes: 0 done, 1 failure "
    "or\n"
    "a file that is wrong, 2 usage, 3 not found, 4 refused, 5 unreachable.\n";

exit_code failed(const std::string& why, exit_code code) {
  std::cerr << "greenroom: " << printable(why) << '\n';
  return code;
}

std::optional<std::string> first_line_of(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  if (!std::getline(in, line)) return std::nullopt;
  return line;
}

/// The value of a variable; a file, if one is named, goes before it.
std::optional<std::string> secret(const std::string& file, const char* variable) {
  if (!file.empty()) return first_line_of(file);
  const auto* given = std::getenv(variable);
  return given != nullptr && *given != '\0' ? std::optional<std::string>(given) : std::nullopt;
}

exit_code exit_code_of(int status) {
  if (status == 401 || status == 403) return exit_code::refused;
  if (status == 404) return exit_code::not_found;
  if (status == 503) return exit_code::unreachable;
  return exit_code::failure;
}

/// What the node said went wrong.
std::string reason_in(const client::http_answer& answer) {
  const auto document = json::parse(answer.body, nullptr, false);
  if (document.is_object() && document.contains("error") && document["error"].is_object() &&
      document["error"].contains("message") && document["error"]["message"].is_string()) {
    return document["error"]["message"];
  }
  return "the node answered " + std::to_string(answer.status);
}

/// A large room has more parts than may be asked for in a minute; so often one is waited for.
constexpr int waits_max = 100;

/// How long the node wants to be left alone.
std::chrono::milliseconds pause_in(const client::http_answer& answer) {
  const auto document = json::parse(answer.body, nullptr, false);
  const auto named = document.is_object()
                         ? document.value("/error/details/retry_after_ms"_json_pointer, json())
                         : json();
  const auto ms = named.is_number_integer() ? named.get<std::int64_t>() : 1000;
  return std::chrono::milliseconds(std::clamp<std::int64_t>(ms, 50, 60'000));
}

struct refusal {
  std::string why;
  exit_code code = exit_code::failure;
};

tl::expected<std::string, refusal> token_for(const client::node_address& node,
                                             const room_options& o) {
  if (o.user.empty()) {
    auto token = secret(o.token_file, "GREENROOM_TOKEN");
    if (!token)
      return tl::unexpected(refusal{
          "a token is needed: --token-file FILE or GREENROOM_TOKEN, or --user", exit_code::usage});
    return *token;
  }
  const auto password = secret(o.password_file, "GREENROOM_PASSWORD");
  if (!password)
    return tl::unexpected(refusal{
        "a password is needed: --password-file FILE or GREENROOM_PASSWORD", exit_code::usage});
  const json body{{"username", o.user}, {"password", *password}};
  const auto answer =
      client::ask_http(node, {.method = "POST",
                              .target = "/api/auth/login",
                              .token = {},
                              .body = body.dump(-1, ' ', false, json::error_handler_t::replace)});
  if (!answer) return tl::unexpected(refusal{answer.error().message, exit_code::unreachable});
  if (answer->status != 200)
    return tl::unexpected(refusal{reason_in(*answer), exit_code_of(answer->status)});
  const auto document = json::parse(answer->body, nullptr, false);
  auto token = document.is_object() ? document.value("/data/token"_json_pointer, "") : "";
  if (token.empty()) return tl::unexpected(refusal{"the node gave no token", exit_code::failure});
  return token;
}

std::optional<uuid> id_of_room(const std::string& text) {
  if (const auto id = uuid::parse(text)) return id;
  const auto alias = protocol::fold_name(text, 1, limits::alias_chars_max);
  return alias ? std::optional(room_id_of_alias(*alias)) : std::nullopt;
}

exit_code export_room(const room_options& o) {
  const auto node = client::split_node(o.node);
  if (!node) return failed(node.error().message, exit_code::usage);
  const auto room = id_of_room(o.room);
  if (!room) return failed("neither an id nor an alias: " + o.room, exit_code::usage);
  const auto token = token_for(*node, o);
  if (!token) return failed(token.error().why, token.error().code);
  const auto path = "/api/rooms/" + room->str() + "/export";
  int waits = 0;
  for (std::string query;;) {
    const auto answer = client::ask_http(
        *node, {.target = query.empty() ? path : path + "?" + query, .token = *token, .body = {}});
    if (!answer) return failed(answer.error().message, exit_code::unreachable);
    if (answer->status == 429 && ++waits <= waits_max) {
      std::this_thread::sleep_for(pause_in(*answer));
      continue;
    }
    if (answer->status != 200) return failed(reason_in(*answer), exit_code_of(answer->status));
    waits = 0;
    std::cout << answer->body;
    if (!std::cout) return failed("the file cannot be written", exit_code::failure);
    if (answer->next.empty()) break;
    query = answer->next;
  }
  std::cout.flush();
  return std::cout ? exit_code::ok : failed("the file cannot be written", exit_code::failure);
}

exit_code verify_room(const room_options& o) {
  std::optional<protocol::digest> head;
  if (!o.head.empty()) {
    head = protocol::digest_from_hex(o.head);
    if (!head) return failed("--head is 64 hexadecimal digits", exit_code::usage);
  }
  std::ifstream file(o.file);
  if (!file) return failed(o.file + " cannot be read", exit_code::not_found);
  const auto report = verify_room_file(file, head);
  for (const auto& problem : report.problems)
    std::cerr << printable(problem) << '\n';
  if (report.problem_count > report.problems.size())
    std::cerr << "… and " << report.problem_count - report.problems.size() << " more\n";
  if (report.problem_count > 0) return exit_code::failure;
  std::cout << printable(report.room) << ": " << report.entries << " entries from "
            << report.first_seq << " to " << report.last_seq << ", " << report.messages
            << " messages as they were written, " << report.members << " members\n";
  if (report.unchained > 0)
    std::cout << report.unchained
              << " entries are of a time without digests: nothing proves them\n";
  std::cout << "head " << protocol::to_hex(report.head) << '\n';
  return exit_code::ok;
}

}  // namespace

CLI::App* add_room(CLI::App& program, room_options& o) {
  auto* app =
      program.add_subcommand("room", std::string("A room as a file, and its proof\n\n") + examples);
  app->require_subcommand(1);
  auto* exported =
      app->add_subcommand("export", "Write the room to standard output, as JSON lines");
  exported->add_option("--node", o.node, "host:port; without :port it is 8080");
  exported->add_option("--token-file", o.token_file, "File with an access token")
      ->check(CLI::ExistingFile);
  exported->add_option("--user", o.user, "Sign in by name and password instead");
  exported->add_option("--password-file", o.password_file, "File with the password")
      ->check(CLI::ExistingFile);
  exported->add_option("ROOM", o.room, "Its id or alias")->required();
  exported->callback([&o] { o.what = room_options::verb::exported; });
  auto* verified = app->add_subcommand(
      "verify", "Whether the file is what was written; says what is wrong and where");
  verified->add_option("--head", o.head, "What the chain has to end in, if that is known");
  verified->add_option("FILE", o.file, "Of an export")->required();
  verified->callback([&o] { o.what = room_options::verb::verified; });
  return app;
}

exit_code run_room(const room_options& o) {
  return o.what == room_options::verb::exported ? export_room(o) : verify_room(o);
}

}  // namespace greenroom::cli

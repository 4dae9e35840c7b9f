// SPDX-License-Identifier: MIT
#include "cli/room_node.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "cli/text.hpp"

namespace greenroom::cli {

namespace {

using nlohmann::json;

/// A large room has more parts than may be asked for in a minute; so often one is waited for.
constexpr int waits_max = 100;
/// A leader that moves, a node that restarts.
constexpr int repeats_max = 20;
constexpr auto repeat_after = std::chrono::seconds(1);

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

/// How long the node wants to be left alone.
std::chrono::milliseconds pause_in(const client::http_answer& answer) {
  const auto document = json::parse(answer.body, nullptr, false);
  const auto named = document.is_object()
                         ? document.value("/error/details/retry_after_ms"_json_pointer, json())
                         : json();
  const auto ms = named.is_number_integer() ? named.get<std::int64_t>() : 1000;
  return std::chrono::milliseconds(std::clamp<std::int64_t>(ms, 50, 60'000));
}

}  // namespace

exit_code failed(const std::string& why, exit_code code) {
  std::cerr << "greenroom: " << printable(why) << '\n';
  return code;
}

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

tl::expected<client::http_answer, refusal> ask_patiently(const client::node_address& node,
                                                         const client::http_question& what,
                                                         bool repeats) {
  int waits = 0;
  int failures = 0;
  for (;;) {
    auto answer = client::ask_http(node, what);
    const bool may_pass = !answer || answer->status == 503;
    if (answer && answer->status == 429 && ++waits <= waits_max) {
      std::this_thread::sleep_for(pause_in(*answer));
    } else if (may_pass && repeats && ++failures <= repeats_max) {
      std::this_thread::sleep_for(repeat_after);
    } else if (!answer) {
      return tl::unexpected(refusal{answer.error().message, exit_code::unreachable});
    } else if (answer->status != 200 && answer->status != 201) {
      return tl::unexpected(refusal{reason_in(*answer), exit_code_of(answer->status)});
    } else {
      return std::move(*answer);
    }
  }
}

}  // namespace greenroom::cli

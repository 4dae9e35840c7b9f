// SPDX-License-Identifier: MIT
#include "cli/console_follow.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <random>
#include <string_view>

#include "cli/text.hpp"
#include "client/admin.hpp"

namespace greenroom::cli {

namespace {

using nlohmann::json;

/// Far below the time after which a node forgets who follows.
constexpr int ask_every_ms = 300;
/// Over HTTP a node limits how often somebody may ask.
constexpr int ask_afar_every_ms = 1000;
/// One node that hangs must not make the others forget.
constexpr std::chrono::milliseconds answer_within{2000};

volatile sig_atomic_t last_code = 0;

/// Also in the middle of a question: nothing is in hand that could be lost.
void leave(int) {
  ::_exit(last_code);
}

std::string own_name() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}", random(), random(), random());
}

std::string text_of(const json& row, const char* field) {
  const auto it = row.find(field);
  return it != row.end() && it->is_string() ? printable(it->get<std::string>()) : "-";
}

/// Which nodes do not answer, and why; said when it changes.
std::string missing_in(const json& answer) {
  std::string out;
  for (const auto& m : answer.value("missing", json::array())) {
    if (m.is_object()) {
      out += "greenroom: nothing from " + text_of(m, "node") + ": " + text_of(m, "reason") + '\n';
    }
  }
  return out;
}

}  // namespace

std::string log_line(const json& row, output_format format) {
  if (format == output_format::json) {
    return row.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
  }
  return text_of(row, "time") + ' ' + text_of(row, "node") + ' ' +
         padded(text_of(row, "level"), 5) + ' ' + text_of(row, "component") + ": " +
         text_of(row, "message") + '\n';
}

exit_code follow_log(const console_options& o) {
  const bool is_plain = o.columns.empty() && o.sort.empty() && !o.watch_s;
  if (!is_plain || o.output == output_format::yaml || o.output == output_format::name) {
    std::cerr << "greenroom: --follow prints lines as text, or with -o json; it goes without "
                 "--columns, --sort and --watch\n";
    return exit_code::usage;
  }
  struct sigaction action {};
  action.sa_handler = leave;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  auto args = console_args(o);
  args["listener"] = own_name();
  const auto within = std::min(console_timeout(o), answer_within);
  std::string missing;
  for (;;) {
    const auto socket = socket_of(o);
    if (socket.empty()) {
      std::cerr << no_socket() << '\n';
      return exit_code::unreachable;
    }
    const auto answer = client::ask_admin(socket, o.verb, args, within);
    if (!answer) {
      std::cerr << "greenroom: " << printable(answer.error().message) << '\n';
      return exit_code_of(answer.error().code);
    }
    for (const auto& row : answer->value("rows", json::array())) {
      if (row.is_object()) std::cout << log_line(row, o.output);
    }
    std::cout.flush();
    if (auto now = missing_in(*answer); now != missing) {
      std::cerr << now;
      missing = std::move(now);
    }
    last_code = static_cast<int>(missing.empty() ? exit_code::ok : exit_code::unhealthy);
    if (!std::cout) return exit_code::failure;
    ::poll(nullptr, 0, socket.is_remote ? ask_afar_every_ms : ask_every_ms);
  }
}

}  // namespace greenroom::cli

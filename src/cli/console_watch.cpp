// SPDX-License-Identifier: MIT
#include "cli/console_watch.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <ctime>
#include <iostream>
#include <sstream>

#include "cli/console_output.hpp"
#include "cli/text.hpp"
#include "client/admin.hpp"

namespace greenroom::cli {

namespace {

volatile sig_atomic_t last_code = 0;
volatile sig_atomic_t on_screen = 0;

/// Also in the middle of a question: nothing is in hand that could be lost.
void leave(int) {
  if (on_screen != 0) {
    [[maybe_unused]] const auto n = ::write(STDOUT_FILENO, "\n", 1);
  }
  ::_exit(last_code);
}

std::string time_of_day() {
  const auto now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char text[16];
  return {text, std::strftime(text, sizeof text, "%H:%M:%S", &local)};
}

std::string at_row(std::size_t row) {
  return "\033[" + std::to_string(row) + ";1H";
}

struct shown {
  exit_code code;
  std::string data;
  std::string complaints;
};

shown ask(const console_options& o, const table_style& style) {
  const auto socket = socket_of(o);
  if (socket.empty()) return {exit_code::unreachable, {}, no_socket() + '\n'};
  const auto answer = client::ask_admin(socket, o.verb, console_args(o), console_timeout(o));
  if (!answer) {
    return {exit_code_of(answer.error().code),
            {},
            "greenroom: " + printable(answer.error().message) + '\n'};
  }
  std::ostringstream data;
  std::ostringstream complaints;
  const auto code = show_answer(o, *answer, data, complaints, style);
  return {code, data.str(), complaints.str()};
}

}  // namespace

std::size_t rows_of_terminal() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 2 ? size.ws_row : 24;
}

std::vector<std::string> screen_lines(const std::string& text, std::size_t rows) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line);
  }
  if (lines.size() > rows && rows > 0) {
    const auto more = lines.size() - rows + 1;
    lines.resize(rows - 1);
    lines.push_back("… " + std::to_string(more) + " more lines");
  }
  return lines;
}

std::string redraw(const std::vector<std::string>& before, const std::vector<std::string>& now) {
  std::string out;
  for (std::size_t row = 0; row < now.size(); ++row) {
    if (row < before.size() && before[row] == now[row]) continue;
    out += at_row(row + 1) + now[row] + "\033[K";
  }
  if (now.size() < before.size()) out += at_row(now.size() + 1) + "\033[J";
  return out;
}

exit_code watch(const console_options& o) {
  struct sigaction action {};
  action.sa_handler = leave;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  std::vector<std::string> before;
  table_style before_style;
  std::size_t before_rows = 0;
  for (;;) {
    auto style = style_of_output();
    const bool terminal = style.width > 0;
    const auto answer = ask(o, style);
    last_code = static_cast<int>(answer.code);
    if (terminal) {
      const auto rows = rows_of_terminal() - 1;
      auto title = fmt::format("every {:g} s: {}   {}", *o.watch_s, o.verb, time_of_day());
      auto now = screen_lines(title + "\n\n" + answer.data + answer.complaints, rows);
      if (on_screen == 0 || style.width != before_style.width || rows != before_rows) {
        before.clear();
        std::cout << "\033[2J";
        on_screen = 1;
      }
      // The cursor waits below, where the shell's prompt comes when it is over.
      std::cout << redraw(before, now) << at_row(now.size() + 1) << std::flush;
      before = std::move(now);
      before_style = style;
      before_rows = rows;
    } else {
      std::cerr << answer.complaints;
      std::cout << answer.data << std::flush;
    }
    // Usage does not become better by being asked again.
    if (!std::cout || answer.code == exit_code::usage) return answer.code;
    ::poll(nullptr, 0, static_cast<int>(*o.watch_s * 1000));
  }
}

}  // namespace greenroom::cli

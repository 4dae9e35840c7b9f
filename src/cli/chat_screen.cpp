// SPDX-License-Identifier: MIT
#include "cli/chat_screen.hpp"

#include <editline/readline.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <utility>

#include "cli/text.hpp"

namespace greenroom::cli {

namespace {

// libedit's callback takes no pointer of ours; there is one terminal.
std::deque<std::string> typed;
bool typed_end = false;
bool submitted = false;

void take_typed(char* line) {
  submitted = true;
  if (line == nullptr) {
    typed_end = true;
    return;
  }
  if (*line != '\0') {
    add_history(line);
  }
  typed.emplace_back(line);
  std::free(line);
}

std::size_t columns() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/// To the first column, `rows` further up, and nothing below.
void erase_from(std::size_t rows) {
  if (rows > 0) {
    std::cout << "\033[" << rows << "A";
  }
  std::cout << "\r\033[J";
}

}  // namespace

chat_screen::chat_screen()
    : terminal_(isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1),
      colours_(terminal_ && std::getenv("NO_COLOR") == nullptr),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

chat_screen::~chat_screen() {
  stop();
  ::close(wake_);
}

void chat_screen::start() {
  if (terminal_ && !std::exchange(editing_, true)) {
    rl_callback_handler_install(prompt_.c_str(), take_typed);
  }
}

void chat_screen::stop() {
  if (std::exchange(editing_, false)) {
    clear_edited();
    std::cout << std::flush;
    rl_callback_handler_remove();
  }
}

/// The line being edited may have been wrapped; the cursor is somewhere in it.
void chat_screen::clear_edited() {
  // Not rl_copy_text(): libedit's copy has no end.
  const std::string before_cursor(rl_line_buffer, static_cast<std::size_t>(std::max(rl_point, 0)));
  const auto width = width_of(prompt_) + width_of(before_cursor);
  erase_from(width / columns());
}

void chat_screen::print(const std::string& line) {
  if (!editing_) {
    std::cout << line << std::endl;
    return;
  }
  clear_edited();
  std::cout << line << "\n" << std::flush;
  rl_forced_update_display();  // libedit's own line, which is never out of date
}

void chat_screen::note(const std::string& line) {
  if (editing_) {
    print(line);
  } else {
    std::cerr << line << std::endl;
  }
}

void chat_screen::set_prompt(const std::string& prompt) {
  if (editing_) {
    clear_edited();
    std::cout << std::flush;
    rl_set_prompt(prompt.c_str());
    rl_forced_update_display();
  }
  prompt_ = prompt;
}

void chat_screen::wake() noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto n = ::write(wake_, &one, sizeof one);
}

std::optional<std::string> chat_screen::poll_line(bool& ended, bool wants_input) {
  const auto from = [](std::deque<std::string>& lines) {
    auto line = std::move(lines.front());
    lines.pop_front();
    return line;
  };
  if (wants_input && !typed.empty()) {
    return from(typed);
  }
  if (const auto end = pending_.find('\n'); wants_input && end != std::string::npos) {
    auto line = pending_.substr(0, end);
    pending_.erase(0, end + 1);
    return line;
  }
  pollfd wait[2] = {{wake_, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
  if (::poll(wait, wants_input ? 2 : 1, 50) <= 0) {
    return std::nullopt;
  }
  if (wait[0].revents != 0) {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto n = ::read(wake_, &count, sizeof count);
  }
  if (wait[1].revents == 0) {
    return std::nullopt;
  }
  if (terminal_) {
    rl_callback_read_char();
    if (std::exchange(submitted, false)) {
      entered_prompt_ = prompt_;
      rl_point = rl_end = 0;
      if (!typed_end) {
        // libedit leaves its mode after each line: until it is installed again the terminal itself
        // echoes what is typed.
        rl_callback_handler_install(prompt_.c_str(), take_typed);
      }
    }
    ended = typed_end;
    return typed.empty() ? std::nullopt : std::optional(from(typed));
  }
  char chunk[4096];
  const auto n = ::read(STDIN_FILENO, chunk, sizeof chunk);
  if (n <= 0) {
    ended = true;
    return pending_.empty() ? std::nullopt : std::optional(std::exchange(pending_, {}));
  }
  pending_.append(chunk, static_cast<std::size_t>(n));
  return std::nullopt;
}

void chat_screen::erase_entered(const std::string& line) {
  if (!editing_) {
    return;
  }
  clear_edited();
  // The entered line ends with a line feed, which a full last row does not need.
  const auto width = width_of(entered_prompt_) + width_of(printable(line));
  erase_from(std::max<std::size_t>(1, (width + columns() - 1) / columns()));
  std::cout << std::flush;
  rl_forced_update_display();
}

std::string chat_screen::coloured(const std::string& name) const {
  if (!colours_) {
    return name;
  }
  unsigned h = 2166136261U;
  for (const unsigned char c : name) {
    h = (h ^ c) * 16777619U;
  }
  return "\033[" + std::to_string(31 + h % 6) + "m" + name + "\033[0m";
}

std::string chat_screen::ask_hidden(const std::string& prompt) {
  // Hidden first: whoever sees the prompt may begin to type.
  termios before{};
  const bool terminal = tcgetattr(STDIN_FILENO, &before) == 0;
  if (terminal) {
    auto hidden = before;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    hidden.c_lflag |= ICANON;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  }
  std::cerr << prompt << std::flush;
  std::string line;
  std::getline(std::cin, line);
  if (terminal) {
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    std::cerr << "\n";
  }
  return line;
}

}  // namespace greenroom::cli

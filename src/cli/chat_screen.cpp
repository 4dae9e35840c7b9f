// SPDX-License-Identifier: MIT
#include "cli/chat_screen.hpp"

#include <editline/readline.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <utility>

namespace greenroom::cli {

namespace {

// libedit's callback takes no pointer of ours; there is one terminal.
std::deque<std::string> typed;
bool typed_end = false;

void take_typed(char* line) {
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

}  // namespace

chat_screen::chat_screen()
    : terminal_(isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1),
      colours_(terminal_ && std::getenv("NO_COLOR") == nullptr) {
  if (terminal_) {
    install();
  }
}

chat_screen::~chat_screen() {
  if (terminal_) {
    remove();
  }
}

void chat_screen::install() {
  rl_callback_handler_install(prompt_.c_str(), take_typed);
}

void chat_screen::remove() {
  rl_callback_handler_remove();
}

void chat_screen::print(const std::string& line) {
  if (!terminal_) {
    std::cout << line << std::endl;
    return;
  }
  // Erase the line being edited, print, draw it again with what had been typed.
  const std::string text = rl_line_buffer != nullptr ? rl_line_buffer : "";
  std::cout << "\r\033[K" << line << "\n" << prompt_ << text << std::flush;
}

void chat_screen::note(const std::string& line) {
  if (terminal_) {
    print(line);
  } else {
    std::cerr << line << std::endl;
  }
}

void chat_screen::set_prompt(const std::string& prompt) {
  prompt_ = prompt;
  if (terminal_) {
    rl_set_prompt(prompt_.c_str());
    std::cout << "\r\033[K" << prompt_ << std::flush;
  }
}

std::optional<std::string> chat_screen::poll_line(bool& ended) {
  const auto from = [](std::deque<std::string>& lines) {
    auto line = std::move(lines.front());
    lines.pop_front();
    return line;
  };
  if (!typed.empty()) {
    return from(typed);
  }
  if (const auto end = pending_.find('\n'); end != std::string::npos) {
    auto line = pending_.substr(0, end);
    pending_.erase(0, end + 1);
    return line;
  }
  pollfd wait{STDIN_FILENO, POLLIN, 0};
  if (::poll(&wait, 1, 50) <= 0) {
    return std::nullopt;
  }
  if (terminal_) {
    rl_callback_read_char();
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
  std::cerr << prompt << std::flush;
  termios before{};
  const bool terminal = tcgetattr(STDIN_FILENO, &before) == 0;
  if (terminal) {
    auto hidden = before;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    hidden.c_lflag |= ICANON;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  }
  std::string line;
  std::getline(std::cin, line);
  if (terminal) {
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    std::cerr << "\n";
  }
  return line;
}

}  // namespace greenroom::cli

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Lines in, lines out. On a terminal the line being edited is taken away and put back around
/// output (libedit); in a pipe lines are plain.

#include <functional>
#include <optional>
#include <string>

namespace greenroom::cli {

class chat_screen {
 public:
  chat_screen();
  ~chat_screen();
  chat_screen(const chat_screen&) = delete;
  chat_screen& operator=(const chat_screen&) = delete;

  [[nodiscard]] bool is_terminal() const noexcept { return terminal_; }
  void print(const std::string& line);
  /// To standard error.
  void note(const std::string& line);
  void set_prompt(const std::string& prompt);
  /// Waits up to 50 ms for input. Empty: none yet. `ended` is set at the end of input.
  std::optional<std::string> poll_line(bool& ended);
  /// A stable colour for a name, or the name alone with NO_COLOR and in pipes.
  [[nodiscard]] std::string coloured(const std::string& name) const;
  /// Asks without showing what is typed.
  static std::string ask_hidden(const std::string& prompt);

 private:
  void install();
  void remove();
  bool terminal_;
  bool colours_;
  std::string prompt_ = "> ";
  std::string pending_;  ///< of a pipe: bytes after the last line
};

}  // namespace greenroom::cli

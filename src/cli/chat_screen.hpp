// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Lines in, lines out. On a terminal the line being edited is taken away and put back around
/// output (libedit); in a pipe lines are plain.

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
  /// Shows the prompt; from here on what is typed is edited.
  void start();
  /// Takes the prompt away and gives the terminal back. Twice is fine.
  void stop();
  void print(const std::string& line);
  /// To standard error.
  void note(const std::string& line);
  void set_prompt(const std::string& prompt);
  /// Waits up to 50 ms for input, or for wake(). Empty: none yet. `ended` is set at the end of
  /// input. Without `wants_input` it waits only, and a pipe fills up.
  std::optional<std::string> poll_line(bool& ended, bool wants_input = true);
  /// Ends a poll_line() that waits; from any thread.
  void wake() noexcept;
  /// Takes the line that was entered last off the screen, when it is going to be shown as a
  /// message.
  void erase_entered(const std::string& line);
  /// A stable colour for a name, or the name alone with NO_COLOR and in pipes.
  [[nodiscard]] std::string coloured(const std::string& name) const;
  /// Asks without showing what is typed.
  static std::string ask_hidden(const std::string& prompt);

 private:
  void clear_edited();
  bool terminal_;
  bool colours_;
  bool editing_ = false;
  int wake_ = -1;
  std::string prompt_ = "> ";
  std::string entered_prompt_;  ///< the one in front of the line that was entered last
  std::string pending_;         ///< of a pipe: bytes after the last line
};

}  // namespace greenroom::cli

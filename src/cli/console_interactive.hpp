// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The console's prompt: the same verbs as on the command line, with history and Tab. Every line
/// runs in a process of its own, so that Ctrl+C ends what runs and never the prompt.

#include <filesystem>
#include <string>
#include <vector>

#include "cli/console.hpp"

namespace greenroom::cli {

/// What the prompt does with a line.
struct prompt_line {
  enum class what : std::uint8_t { nothing, run, leave, complain };
  what kind = what::nothing;
  std::vector<std::string> words;  ///< run: as after `greenroom console`
  std::string complaint;
};

/// `help` and `help VERB` become the verb's --help; `exit` and `quit` leave.
prompt_line understand(const std::string& line);

/// One line of words, as after `greenroom console`; options of the prompt go for it, unless it has
/// its own.
exit_code run_words(const console_options& base, const std::vector<std::string>& words);

/// In $XDG_STATE_HOME/greenroom, else ~/.local/state/greenroom; empty without a home.
std::filesystem::path history_path();

/// Until exit, quit or Ctrl+D. Standard input and output are a terminal.
exit_code run_prompt(const console_options& base);

}  // namespace greenroom::cli

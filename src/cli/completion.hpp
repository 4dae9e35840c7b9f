// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What may be typed next: for Tab at the console's prompt, and for the shells' completion, which
/// ask the tool itself (`greenroom completion words`), so that they never know less than it does.

#include <CLI/App.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/exit_code.hpp"

namespace greenroom::cli {

/// Names that only a running node knows.
enum class live_kind : std::uint8_t { none, node, room, user, session, connection, actor, shard };

struct candidates {
  std::vector<std::string> words;    ///< that begin with what is typed, sorted
  live_kind live = live_kind::none;  ///< names of this kind fit too
};

/// `before` are the words before the one that is typed, without the program's name.
candidates complete(const CLI::App& program, const std::vector<std::string>& before,
                    std::string_view word);

/// What all of them begin with.
std::string common_beginning(const std::vector<std::string>& words);

/// The script for a shell; nothing for one that we do not know.
std::optional<std::string> completion_script(std::string_view shell);

/// `completion words`: one candidate a line, names of a running node included, if one answers at
/// once. The last word is the one that is being typed.
exit_code print_candidates(const CLI::App& program, const std::vector<std::string>& words);

}  // namespace greenroom::cli

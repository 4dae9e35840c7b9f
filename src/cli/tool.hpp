// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The command line of `greenroom`: picks the sub-command and runs it.

#include <CLI/App.hpp>
#include <CLI/Error.hpp>
#include <string>
#include <vector>

#include "cli/exit_code.hpp"

namespace greenroom::cli {

/// Which sub-command was probably meant by the first word that none of them knows, as a line for
/// people; empty when none is near.
std::string hint_for(const CLI::App& root, const std::vector<std::string>& words);

/// Why a command line is none, in our words where the parser's are hard to read: what was not
/// expected, in the order in which it was typed, and where a number belongs.
std::string said_of(const CLI::ParseError& e);

/// The command that explains what was typed: `greenroom console nodes --help`.
std::string help_of(const CLI::App& root, const std::vector<std::string>& words);

exit_code run_tool(int argc, const char* const* argv);

}  // namespace greenroom::cli

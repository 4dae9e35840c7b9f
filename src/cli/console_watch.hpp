// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// `--watch`: the same question again and again. On a terminal only what has changed is drawn
/// anew; elsewhere every answer follows the one before.

#include <string>
#include <vector>

#include "cli/console.hpp"

namespace greenroom::cli {

/// What has to be written so that a screen that shows `before` shows `now`: lines are numbered from
/// the top, and only those that differ are written. Each line has room in a row of the screen.
std::string redraw(const std::vector<std::string>& before, const std::vector<std::string>& now);

/// Rows of the terminal that standard output is, 24 when it does not say.
std::size_t rows_of_terminal();

/// The lines of a text, at most `rows` (0: all); the last one says how many more there are.
std::vector<std::string> screen_lines(const std::string& text, std::size_t rows);

/// Until Ctrl+C, which ends the process with the code of the last answer. Returns when standard
/// output is gone.
exit_code watch(const console_options& options);

}  // namespace greenroom::cli

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// `greenroom console top`: the lists of top_model on a whole screen (ncurses), asked again all the
/// time.

#include "cli/console.hpp"

namespace greenroom::cli {

/// Until q, Ctrl+C or Ctrl+D; with `once` one list on standard output. Usage when there is no
/// terminal, or one smaller than 80×24 at the start.
exit_code run_top(const console_options& options);

}  // namespace greenroom::cli

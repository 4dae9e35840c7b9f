// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The sub-commands of `greenroom`. Each adds itself to the program and sets `code` when it has
/// run.
///
/// Exit codes: 0 done, 1 failure, 2 usage, 3 not found, 4 refused, 5 unreachable, 6 timed out,
/// 7 something is missing or unhealthy.

#include <CLI/CLI.hpp>

namespace greenroom::cli {

enum exit_code : int {
  exit_ok = 0,
  exit_failure = 1,
  exit_usage = 2,
  exit_not_found = 3,
  exit_refused = 4,
  exit_unreachable = 5,
  exit_timed_out = 6,
  exit_partial = 7,
};

void add_chat(CLI::App& program, int& code);
void add_console(CLI::App& program, int& code);

}  // namespace greenroom::cli

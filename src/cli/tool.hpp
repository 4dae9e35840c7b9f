// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The command line of `greenroom`: picks the sub-command and runs it.

#include "cli/exit_code.hpp"

namespace greenroom::cli {

exit_code run_tool(int argc, const char* const* argv);

}  // namespace greenroom::cli

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// `trace`: asks again and again what has come of messages, and shows each as soon as nothing more
/// is to be expected of it.

#include "cli/console.hpp"

namespace greenroom::cli {

/// Ends after as many messages, after the time, or with Ctrl+C. exit_code::timed_out: none came.
exit_code run_trace(const console_options& o);

}  // namespace greenroom::cli

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// `log tail --follow`: asks again and again for what has come, until Ctrl+C, the reader of
/// standard output goes, or the node does.

#include <nlohmann/json.hpp>
#include <string>

#include "cli/console.hpp"

namespace greenroom::cli {

/// A line of the log on one line of standard output: as text, or (json) as an object.
std::string log_line(const nlohmann::json& row, output_format format);

/// Exit code: that of the last answer, also after Ctrl+C.
exit_code follow_log(const console_options& o);

}  // namespace greenroom::cli

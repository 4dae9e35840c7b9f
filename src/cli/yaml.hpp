// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Rows as YAML 1.2, for tools that read it and people who do.

#include <nlohmann/json.hpp>
#include <string>

namespace greenroom::cli {

/// A list with one mapping a row; `[]` for none. Text that could be taken for something else, or
/// has anything but plain letters, is quoted; lists and objects inside a row stay on their line.
std::string format_yaml(const nlohmann::json& rows);

}  // namespace greenroom::cli

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Lists of the operator's socket as text.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace greenroom::cli {

/// One value as a person reads it, on one line: lists with commas, `-` for nothing.
std::string cell_of(const nlohmann::json& value);

/// Columns are as wide as their widest value, two spaces apart; columns of numbers to the right;
/// nothing after the last value of a line. Rows that lack a column have `-` there.
std::string format_table(const std::vector<std::string>& columns, const nlohmann::json& rows,
                         bool headers);

}  // namespace greenroom::cli

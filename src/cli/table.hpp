// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Lists of the operator's socket as text.

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace greenroom::cli {

/// How a table is drawn where it goes.
struct table_style {
  std::size_t width = 0;  ///< columns of the terminal, which no line exceeds; 0: lines stay whole
  bool colours = false;   ///< states as `tone_of` says
};

/// What a word in a column of states means to who reads it.
enum class tone : std::uint8_t { plain, good, warning, bad };

/// Of `text` in the column `name`: only columns of states have tones.
tone tone_of(std::string_view name, std::string_view text);

/// One value as a person reads it, on one line: lists with commas, `-` for nothing.
std::string cell_of(const nlohmann::json& value);

/// Columns are as wide as their widest value, two spaces apart; columns of numbers to the right;
/// nothing after the last value of a line. Rows that lack a column have `-` there. Where the
/// lines are too wide for `style.width` columns of text are cut as far as they can still be told
/// apart, ids first; what has no room then is left out from the right, and an … says so.
std::string format_table(const std::vector<std::string>& columns, const nlohmann::json& rows,
                         bool headers, const table_style& style = {});

}  // namespace greenroom::cli

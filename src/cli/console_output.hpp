// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Which rows and columns of an answer are shown, in which order, and where.

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cli/table.hpp"

namespace greenroom::cli {

/// Verbs whose lists the node itself sorts before it cuts them; `--sort` is its key then.
bool node_sorts(std::string_view verb) noexcept;

/// The terminal that standard output is; neither width nor colours when it is none, and no colours
/// with NO_COLOR.
table_style style_of_output();

/// `columns`, then the fields of the rows that are not among them, by name.
std::vector<std::string> all_columns(std::vector<std::string> columns, const nlohmann::json& rows);

/// Numbers by size and before text, text by letters, truth values false first; rows without the
/// column last, whichever way. Rows that are equal stay in their order.
void sort_rows(nlohmann::json& rows, const std::string& column, bool descending);

}  // namespace greenroom::cli

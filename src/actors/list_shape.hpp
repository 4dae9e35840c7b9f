// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// How an operator wants a list: which rows, in which order, how many. Pure. Used twice, on each
/// node for its own rows and by the node that is asked for those of all, so it has to come to the
/// same when it is done again.

#include <cstddef>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"

namespace greenroom::actors {

/// Rows that are shown when nothing is said, and at most.
inline constexpr std::size_t list_rows_default = 100;
inline constexpr std::size_t list_rows_max = 100'000;

/// One condition of a filter.
struct list_condition {
  enum class what : std::uint8_t {
    anywhere,  ///< some field contains the text
    equal,
    contains,
    more,  ///< of numbers
    less,
  };
  what kind = what::anywhere;
  std::string field;  ///< empty: anywhere
  std::string text;   ///< folded in ASCII
  double number = 0;
};

struct list_shape {
  std::string sort;  ///< a field; empty: as the rows come
  enum class order : std::uint8_t { natural, ascending, descending };
  order direction = order::natural;  ///< natural: numbers from the largest on, texts from A on
  std::vector<list_condition> filter;
  std::size_t limit = list_rows_default;
};

/// From the arguments of a list: `limit` (1 to 100,000), `sort` ("FIELD", "FIELD:asc" or
/// "FIELD:desc") and `filter` (conditions with commas between them, all of which have to hold:
/// "TEXT", "FIELD=TEXT", "FIELD~TEXT", "FIELD>N", "FIELD<N"; capitals do not matter). `fields` are
/// those that the rows have. INVALID_MESSAGE naming the argument and what it may be.
expected<list_shape> list_shape_of(const nlohmann::json& args,
                                   std::span<const std::string_view> fields,
                                   std::size_t limit = list_rows_default);

/// All conditions hold; of the row only the fields that they name are looked at, unless one is
/// about any.
bool fits(const nlohmann::json& row, const list_shape& shape);
/// Takes away what does not fit the filter.
void filter_rows(std::vector<nlohmann::json>& rows, const list_shape& shape);
/// Stable: rows that are alike stay as they are. What has no value comes last.
void sort_rows(std::vector<nlohmann::json>& rows, const list_shape& shape);
/// All of it; returns how many rows were cut off by the limit.
std::size_t shape_rows(std::vector<nlohmann::json>& rows, const list_shape& shape);

}  // namespace greenroom::actors

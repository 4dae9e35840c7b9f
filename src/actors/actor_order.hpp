// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The first of many actors, before rows are made of them: of 100,000 the operator sees twenty, and
/// the rows of the others would cost twenty times what finding them does. Pure.

#include <cstddef>
#include <nlohmann/json.hpp>
#include <vector>

#include "actors/list_shape.hpp"
#include "actors/registry.hpp"

namespace greenroom::actors {

/// Keeps those that shape_rows() would keep of their rows, in its order; returns how many it has
/// left out. 0 where the rows have to be seen: with a filter, or an order by a field that actors do
/// not have themselves.
std::size_t keep_first(std::vector<actor_view>& all, const list_shape& shape);

/// By their figures alone, without the texts that registry::figures() leaves out, it is known who
/// fits the filter; so too where there is none.
bool filters_by_figures(const list_shape& shape);
/// The same of who comes first.
bool sorts_by_figures(const list_shape& shape);

/// What actors count, as it is shown: null where they do not (actor_figures), because it is not 0.
template <class Value>
nlohmann::json shown_figure(const Value& value) {
  return actor_figures.load(std::memory_order_relaxed) ? nlohmann::json(value) : nlohmann::json();
}

/// As it is shown: two decimals.
double shown_percent(double value) noexcept;
/// Messages a second, of the last seconds (recent_work.hpp), as shown.
double shown_rate(const actor_view& a) noexcept;
/// The same over its life.
double shown_life_rate(const actor_view& a) noexcept;

}  // namespace greenroom::actors

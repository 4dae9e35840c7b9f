// SPDX-License-Identifier: MIT
#include "actors/actor_order.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace greenroom::actors {

namespace {

using number_of = double (*)(const actor_view&);

/// Of fields that are numbers; counts are exact up to 2^53.
std::optional<number_of> number_called(std::string_view field) {
  static const std::unordered_map<std::string_view, number_of> fields{
      {"queue_depth", [](const actor_view& a) { return static_cast<double>(a.queue_depth); }},
      {"mailbox", [](const actor_view& a) { return static_cast<double>(a.queue_depth); }},
      {"handled", [](const actor_view& a) { return static_cast<double>(a.handled); }},
      {"busy_us", [](const actor_view& a) { return static_cast<double>(a.busy_us); }},
      {"busy_percent", [](const actor_view& a) { return shown_percent(a.recent_busy_percent); }},
      {"busy", [](const actor_view& a) { return shown_percent(a.recent_busy_percent); }},
      {"life_busy_percent", [](const actor_view& a) { return shown_percent(a.busy_percent); }},
      {"life_rate", [](const actor_view& a) { return shown_life_rate(a); }},
      {"dropped", [](const actor_view& a) { return static_cast<double>(a.dropped); }},
      // Who has none has no value.
      {"role_ms",
       [](const actor_view& a) {
         return a.role_ms < 0 ? std::numeric_limits<double>::quiet_NaN()
                              : static_cast<double>(a.role_ms);
       }},
      {"errors", [](const actor_view& a) { return static_cast<double>(a.errors); }},
      {"restarts", [](const actor_view& a) { return static_cast<double>(a.restarts); }},
      {"age_ms", [](const actor_view& a) { return static_cast<double>(a.age_ms); }},
      {"age", [](const actor_view& a) { return static_cast<double>(a.age_ms); }},
      {"rate", [](const actor_view& a) { return shown_rate(a); }},
      // Who has handled none has no value, and comes last.
      {"last_message_ms",
       [](const actor_view& a) {
         return a.last_message_ms < 0 ? std::numeric_limits<double>::quiet_NaN()
                                      : static_cast<double>(a.last_message_ms);
       }},
      {"oldest_message_ms",
       [](const actor_view& a) {
         return a.oldest_message_ms < 0 ? std::numeric_limits<double>::quiet_NaN()
                                        : static_cast<double>(a.oldest_message_ms);
       }},
  };
  const auto it = fields.find(field);
  return it == fields.end() ? std::nullopt : std::optional(it->second);
}

/// What has to be copied of each actor under its lock.
constexpr std::array<std::string_view, 3> texts{"name", "parent", "report"};

struct place {
  double value = 0;
  std::size_t was = 0;  ///< rows that are alike stay as they are
};

}  // namespace

double shown_percent(double value) noexcept {
  return std::round(value * 100) / 100;
}

double shown_rate(const actor_view& a) noexcept {
  return shown_percent(a.recent_per_second);
}

double shown_life_rate(const actor_view& a) noexcept {
  return a.age_ms > 0 ? shown_percent(static_cast<double>(a.handled) * 1000.0 /
                                      static_cast<double>(a.age_ms))
                      : 0.0;
}

bool filters_by_figures(const list_shape& shape) {
  return std::ranges::all_of(shape.filter, [](const list_condition& c) {
    return !c.field.empty() && std::ranges::find(texts, c.field) == texts.end();
  });
}

bool sorts_by_figures(const list_shape& shape) {
  return shape.sort.empty() || number_called(shape.sort);
}

std::size_t keep_first(std::vector<actor_view>& all, const list_shape& shape) {
  if (!shape.filter.empty() || all.size() <= shape.limit) {
    return 0;
  }
  const auto cut = all.size() - shape.limit;
  if (shape.sort.empty()) {
    all.resize(shape.limit);
    return cut;
  }
  const auto value = number_called(shape.sort);
  if (!value) {
    return 0;
  }
  const bool ascending = shape.direction == list_shape::order::ascending;
  std::vector<place> order;
  order.reserve(all.size());
  for (const auto& a : all) {
    order.push_back({(*value)(a), order.size()});
  }
  const auto first = order.begin() + static_cast<std::ptrdiff_t>(shape.limit);
  std::partial_sort(order.begin(), first, order.end(), [&](const place& x, const place& y) {
    if (std::isnan(x.value) || std::isnan(y.value)) {
      return std::isnan(x.value) == std::isnan(y.value) ? x.was < y.was : std::isnan(y.value);
    }
    if (x.value != y.value) {
      return ascending ? x.value < y.value : y.value < x.value;
    }
    return x.was < y.was;
  });
  std::vector<actor_view> kept;
  kept.reserve(shape.limit);
  for (auto it = order.begin(); it != first; ++it) {
    kept.push_back(std::move(all[it->was]));
  }
  all = std::move(kept);
  return cut;
}

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#include "actors/list_shape.hpp"

#include <algorithm>
#include <charconv>

namespace greenroom::actors {

namespace {

using nlohmann::json;

/// More conditions than anybody types.
constexpr std::size_t conditions_max = 16;

std::string folded(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

/// As it is shown.
std::string text_of(const json& value) {
  if (value.is_null()) {
    return {};
  }
  return folded(value.is_string() ? value.get<std::string>()
                                  : value.dump(-1, ' ', false, json::error_handler_t::replace));
}

std::string list_of(std::span<const std::string_view> fields) {
  std::string out;
  for (const auto f : fields) {
    out += (out.empty() ? "" : ", ") + std::string(f);
  }
  return out;
}

bool is_field(std::span<const std::string_view> fields, std::string_view name) {
  return std::find(fields.begin(), fields.end(), name) != fields.end();
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') {
    text.remove_prefix(1);
  }
  while (!text.empty() && text.back() == ' ') {
    text.remove_suffix(1);
  }
  return text;
}

expected<list_condition> condition_of(std::string_view text,
                                      std::span<const std::string_view> fields) {
  list_condition c;
  const auto at = text.find_first_of("=~<>");
  const auto field = trimmed(text.substr(0, at));
  if (at == std::string_view::npos) {
    c.text = folded(std::string(text));
    return c;
  }
  if (!is_field(fields, field)) {
    return invalid_field("filter", "filter: there is no field " + std::string(field) +
                                       "; there are " + list_of(fields));
  }
  c.field = field;
  c.text = folded(std::string(trimmed(text.substr(at + 1))));
  switch (text[at]) {
    case '=':
      c.kind = list_condition::what::equal;
      return c;
    case '~':
      c.kind = list_condition::what::contains;
      return c;
    default:
      break;
  }
  c.kind = text[at] == '>' ? list_condition::what::more : list_condition::what::less;
  const auto* end = c.text.data() + c.text.size();
  if (std::from_chars(c.text.data(), end, c.number).ptr != end || c.text.empty()) {
    return invalid_field("filter", "filter: " + c.field + " can be compared with a number only");
  }
  return c;
}

bool holds(const list_condition& c, const json& row) {
  using what = list_condition::what;
  if (c.kind == what::anywhere) {
    return std::any_of(row.begin(), row.end(), [&](const json& value) {
      return text_of(value).find(c.text) != std::string::npos;
    });
  }
  const auto it = row.find(c.field);
  if (it == row.end()) {
    return false;
  }
  switch (c.kind) {
    case what::equal:
      return text_of(*it) == c.text;
    case what::contains:
      return text_of(*it).find(c.text) != std::string::npos;
    case what::more:
      return it->is_number() && it->get<double>() > c.number;
    default:
      return it->is_number() && it->get<double>() < c.number;
  }
}

}  // namespace

expected<list_shape> list_shape_of(const json& args, std::span<const std::string_view> fields,
                                   std::size_t limit) {
  list_shape shape;
  shape.limit = limit;
  if (const auto it = args.find("limit"); it != args.end() && !it->is_null()) {
    const bool right = it->is_number_integer() && it->get<std::int64_t>() >= 1 &&
                       it->get<std::int64_t>() <= std::int64_t{list_rows_max};
    if (!right) {
      return invalid_field("limit", "limit is 1 to " + std::to_string(list_rows_max));
    }
    shape.limit = it->get<std::size_t>();
  }
  if (const auto it = args.find("sort"); it != args.end() && !it->is_null()) {
    const auto text = it->is_string() ? it->get<std::string>() : std::string();
    const auto colon = text.find(':');
    shape.sort = text.substr(0, colon);
    if (colon != std::string::npos) {
      const auto way = text.substr(colon + 1);
      if (way != "asc" && way != "desc") {
        return invalid_field("sort", "sort: FIELD, FIELD:asc or FIELD:desc");
      }
      shape.direction = way == "asc" ? list_shape::order::ascending : list_shape::order::descending;
    }
    if (!is_field(fields, shape.sort)) {
      return invalid_field("sort", "sort is one of " + list_of(fields));
    }
  }
  if (const auto it = args.find("filter"); it != args.end() && !it->is_null()) {
    if (!it->is_string()) {
      return invalid_field("filter", "filter is a text");
    }
    const auto text = it->get<std::string>();
    std::string_view rest = text;
    while (!rest.empty()) {
      const auto comma = rest.find(',');
      const auto one = trimmed(rest.substr(0, comma));
      rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
      if (one.empty()) {
        continue;
      }
      if (shape.filter.size() == conditions_max) {
        return invalid_field("filter",
                             "filter: at most " + std::to_string(conditions_max) + " conditions");
      }
      auto c = condition_of(one, fields);
      if (!c) {
        return unexpected(c.error());
      }
      shape.filter.push_back(std::move(*c));
    }
  }
  return shape;
}

bool fits(const json& row, const list_shape& shape) {
  return std::all_of(shape.filter.begin(), shape.filter.end(),
                     [&](const list_condition& c) { return holds(c, row); });
}

void filter_rows(std::vector<json>& rows, const list_shape& shape) {
  if (shape.filter.empty()) {
    return;
  }
  std::erase_if(rows, [&](const json& row) { return !fits(row, shape); });
}

void sort_rows(std::vector<json>& rows, const list_shape& shape) {
  if (shape.sort.empty()) {
    return;
  }
  static const json nothing;
  const auto value = [&](const json& row) -> const json& {
    const auto it = row.find(shape.sort);
    return it == row.end() ? nothing : *it;
  };
  bool descending = shape.direction == list_shape::order::descending;
  if (shape.direction == list_shape::order::natural) {
    const auto first = std::find_if(rows.begin(), rows.end(),
                                    [&](const json& row) { return !value(row).is_null(); });
    descending = first != rows.end() && value(*first).is_number();
  }
  std::stable_sort(rows.begin(), rows.end(), [&](const json& a, const json& b) {
    const auto& x = value(a);
    const auto& y = value(b);
    if (x.is_null() || y.is_null()) {
      return !x.is_null() && y.is_null();
    }
    return descending ? y < x : x < y;
  });
}

std::size_t shape_rows(std::vector<json>& rows, const list_shape& shape) {
  filter_rows(rows, shape);
  sort_rows(rows, shape);
  if (rows.size() <= shape.limit) {
    return 0;
  }
  const auto cut = rows.size() - shape.limit;
  rows.resize(shape.limit);
  return cut;
}

}  // namespace greenroom::actors

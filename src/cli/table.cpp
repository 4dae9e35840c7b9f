// SPDX-License-Identifier: MIT
#include "cli/table.hpp"

#include <algorithm>

#include "cli/text.hpp"

namespace greenroom::cli {

namespace {

using nlohmann::json;

struct column {
  std::size_t width = 0;
  bool numbers = true;
};

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

}  // namespace

std::string cell_of(const json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) {
    auto text = printable(value.get_ref<const std::string&>());
    return text.empty() ? "-" : text;
  }
  if (value.is_array()) {
    std::string out;
    for (const auto& item : value) {
      if (!out.empty()) out += ',';
      out += cell_of(item);
    }
    return out.empty() ? "-" : out;
  }
  return printable(value.dump(-1, ' ', false, json::error_handler_t::replace));
}

std::string format_table(const std::vector<std::string>& columns, const json& rows, bool headers) {
  std::vector<column> shape(columns.size());
  std::vector<std::vector<std::string>> lines;
  if (headers) {
    auto& head = lines.emplace_back();
    for (const auto& name : columns) {
      head.push_back(upper(printable(name)));
    }
  }
  for (const auto& row : rows) {
    auto& line = lines.emplace_back();
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const auto at = row.is_object() ? row.find(columns[c]) : row.end();
      const auto value = row.is_object() && at != row.end() ? *at : json();
      shape[c].numbers = shape[c].numbers && (value.is_number() || value.is_null());
      line.push_back(cell_of(value));
    }
  }
  for (const auto& line : lines) {
    for (std::size_t c = 0; c < line.size(); ++c) {
      shape[c].width = std::max(shape[c].width, width_of(line[c]));
    }
  }
  std::string out;
  for (const auto& line : lines) {
    for (std::size_t c = 0; c < line.size(); ++c) {
      if (c > 0) out += "  ";
      const bool right = shape[c].numbers && !rows.empty();
      if (right) {
        out.append(shape[c].width - width_of(line[c]), ' ');
        out += line[c];
      } else {
        out += c + 1 < line.size() ? padded(line[c], shape[c].width) : line[c];
      }
    }
    out += '\n';
  }
  return out;
}

}  // namespace greenroom::cli

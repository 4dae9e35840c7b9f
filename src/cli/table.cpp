// SPDX-License-Identifier: MIT
#include "cli/table.hpp"

#include <algorithm>
#include <initializer_list>

#include "cli/text.hpp"

namespace greenroom::cli {

namespace {

using nlohmann::json;

constexpr std::size_t gap = 2;
/// Below this a cut column says nothing any more.
constexpr std::size_t narrowest = 6;

struct column {
  std::size_t width = 0;
  bool numbers = true;
};

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

/// Takes from the widest columns of text until all have room, or nothing is left to take.
void narrow(std::vector<column>& shape, std::size_t width) {
  const auto total = [&] {
    std::size_t sum = shape.empty() ? 0 : gap * (shape.size() - 1);
    for (const auto& c : shape) {
      sum += c.width;
    }
    return sum;
  };
  for (auto now = total(); now > width; --now) {
    column* widest = nullptr;
    for (auto& c : shape) {
      if (c.numbers || c.width <= narrowest) continue;
      if (widest == nullptr || c.width > widest->width) widest = &c;
    }
    if (widest == nullptr) return;
    --widest->width;
  }
}

const char* colour_of(tone t) {
  switch (t) {
    case tone::good:
      return "\033[32m";
    case tone::warning:
      return "\033[33m";
    case tone::bad:
      return "\033[31m";
    case tone::plain:
      break;
  }
  return nullptr;
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, text) != words.end();
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

tone tone_of(std::string_view name, std::string_view text) {
  if (name == "ready") return text == "true" ? tone::good : tone::bad;
  if (!is_one_of(name, {"state", "status", "health"})) return tone::plain;
  if (is_one_of(text, {"ready", "ok", "led", "active", "up"})) return tone::good;
  if (is_one_of(text, {"failed", "not ready", "missing", "leaderless", "critical", "unreachable",
                       "down"})) {
    return tone::bad;
  }
  if (is_one_of(text,
                {"warning", "draining", "drained", "degraded", "moving", "leaving", "silent"})) {
    return tone::warning;
  }
  return tone::plain;
}

std::string format_table(const std::vector<std::string>& columns, const json& rows, bool headers,
                         const table_style& style) {
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
  if (style.width > 0) narrow(shape, style.width);
  std::string out;
  for (std::size_t l = 0; l < lines.size(); ++l) {
    std::size_t used = 0;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      auto text = cut(lines[l][c], shape[c].width);
      const auto spaces = shape[c].width - std::min(shape[c].width, width_of(text));
      const bool right = shape[c].numbers && !rows.empty();
      const bool last = c + 1 == columns.size();
      const auto before = (c > 0 ? gap : 0) + (right ? spaces : 0);
      if (style.width > 0 && used + before + width_of(text) > style.width) {
        // Not even what is left of the columns has room: the line ends here.
        if (used + 1 < style.width) out += " …";
        break;
      }
      out.append(before, ' ');
      used += before + width_of(text);
      const bool is_head = headers && l == 0;
      const auto* colour =
          style.colours && !is_head ? colour_of(tone_of(columns[c], lines[l][c])) : nullptr;
      if (colour != nullptr) {
        out += colour + text + "\033[0m";
      } else {
        out += text;
      }
      if (!right && !last) {
        const auto room = style.width > 0 ? style.width - used : spaces;
        out.append(std::min(spaces, room), ' ');
        used += std::min(spaces, room);
      }
    }
    out += '\n';
  }
  return out;
}

}  // namespace greenroom::cli

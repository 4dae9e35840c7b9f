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
/// So much of a text is enough to tell one from another; of an id, and of a time, to the second.
constexpr std::size_t enough = 12;
constexpr std::size_t enough_of_id = 9;
constexpr std::size_t enough_of_time = 20;

struct column {
  std::size_t width = 0;
  bool numbers = true;
  bool ids = true;    ///< UUIDs, and nothing else
  bool times = true;  ///< as 2026-11-24T07:03:48.123Z, and nothing else

  /// What it may be narrowed to before others have to go.
  [[nodiscard]] std::size_t least() const {
    if (numbers) return width;
    return std::min(width, ids ? enough_of_id : times ? enough_of_time : enough);
  }
};

/// Whether `text` looks like `pattern`, in which an x stands for a hexadecimal digit.
bool looks_like(std::string_view text, std::string_view pattern) {
  return text.size() == pattern.size() &&
         std::ranges::equal(text, pattern, [](unsigned char c, char p) {
           return p == 'x' ? std::isxdigit(c) != 0 : c == static_cast<unsigned char>(p);
         });
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

/// With the gaps between them, of the first `n`.
std::size_t total(const std::vector<column>& shape, std::size_t n,
                  std::size_t (*of)(const column&)) {
  std::size_t sum = n == 0 ? 0 : gap * (n - 1);
  for (std::size_t i = 0; i < n; ++i) {
    sum += of(shape[i]);
  }
  return sum;
}

/// Takes from the widest columns of text until all have room, or nothing is left to take: first
/// from ids, which nobody reads as words.
void narrow(std::vector<column>& shape, std::size_t width) {
  const auto wide = [](const column& c) { return c.width; };
  const auto take = [&](auto may) {
    for (auto now = total(shape, shape.size(), wide); now > width; --now) {
      column* widest = nullptr;
      for (auto& c : shape) {
        if (!may(c) || c.width <= narrowest) continue;
        if (widest == nullptr || c.width > widest->width) widest = &c;
      }
      if (widest == nullptr) return;
      --widest->width;
    }
  };
  take([](const column& c) { return !c.numbers && c.ids && c.width > c.least(); });
  take([](const column& c) { return !c.numbers && c.width > c.least(); });
  take([](const column& c) { return !c.numbers; });
}

/// How many of the columns have room, from the left; at least the first.
std::size_t fitting(const std::vector<column>& shape, std::size_t width) {
  const auto least = [](const column& c) { return c.least(); };
  auto n = shape.size();
  if (total(shape, n, least) <= width) return n;
  // The line says that there is more.
  while (n > 1 && total(shape, n, least) + gap > width)
    --n;
  return n;
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
      auto& kind = shape[c];
      kind.numbers = kind.numbers && (value.is_number() || value.is_null());
      auto text = cell_of(value);
      kind.ids =
          kind.ids && (value.is_null() || looks_like(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"));
      kind.times = kind.times && (value.is_null() || looks_like(text, "xxxx-xx-xxTxx:xx:xx.xxxZ"));
      line.push_back(std::move(text));
    }
  }
  for (const auto& line : lines) {
    for (std::size_t c = 0; c < line.size(); ++c) {
      shape[c].width = std::max(shape[c].width, width_of(line[c]));
    }
  }
  const auto shown = style.width > 0 ? fitting(shape, style.width) : shape.size();
  const bool is_cut = shown < shape.size();
  shape.resize(shown);
  if (style.width > 0) narrow(shape, style.width - (is_cut ? std::min(gap, style.width) : 0));
  std::string out;
  for (std::size_t l = 0; l < lines.size(); ++l) {
    std::size_t used = 0;
    bool more = is_cut;
    for (std::size_t c = 0; c < shown; ++c) {
      auto text = cut(lines[l][c], shape[c].width);
      const auto spaces = shape[c].width - std::min(shape[c].width, width_of(text));
      const bool right = shape[c].numbers && !rows.empty();
      const bool last = c + 1 == columns.size() && !is_cut;
      const auto before = (c > 0 ? gap : 0) + (right ? spaces : 0);
      if (style.width > 0 && used + before + width_of(text) > style.width) {
        more = true;  // not even what is left of the columns has room: the line ends here
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
    if (more && used + 1 < style.width) out += " …";
    out += '\n';
  }
  return out;
}

}  // namespace greenroom::cli

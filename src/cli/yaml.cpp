// SPDX-License-Identifier: MIT
#include "cli/yaml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace greenroom::cli {

namespace {

using nlohmann::json;

/// Words that some version of YAML takes for a truth value or nothing.
constexpr std::array<std::string_view, 9> reserved{"true", "false", "null", "yes", "no",
                                                   "on",   "off",   "y",    "n"};

/// Letters, digits and some signs, begun by a letter: nothing that a reader would take for a
/// number, a date or the beginning of something.
bool is_plain(std::string_view text) {
  if (text.empty() || std::isalpha(static_cast<unsigned char>(text[0])) == 0) return false;
  std::string lower;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (u >= 0x80 ||
        (std::isalnum(u) == 0 && std::string_view("_-./").find(c) == std::string::npos)) {
      return false;
    }
    lower += static_cast<char>(std::tolower(u));
  }
  return std::ranges::find(reserved, lower) == reserved.end();
}

/// JSON is YAML but for some characters that YAML wants escaped and JSON does not.
std::string flow(const json& value) {
  const auto text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto at = std::string_view(text).substr(i);
    const auto byte = [&](std::size_t n) { return static_cast<unsigned char>(at[n]); };
    if (byte(0) == 0x7f) {
      out += "\\x7f";
    } else if (at.size() > 1 && byte(0) == 0xc2 && byte(1) < 0xa0) {
      out += fmt::format("\\x{:02x}", byte(1));
      i += 1;
    } else if (at.starts_with("\xe2\x80\xa8") || at.starts_with("\xe2\x80\xa9")) {
      out += byte(2) == 0xa8 ? "\\u2028" : "\\u2029";
      i += 2;
    } else if (at.starts_with("\xef\xbf\xbe") || at.starts_with("\xef\xbf\xbf")) {
      out += byte(2) == 0xbe ? "\\ufffe" : "\\uffff";
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string scalar(const json& value) {
  if (value.is_string() && is_plain(value.get_ref<const std::string&>())) {
    return value.get<std::string>();
  }
  return flow(value);
}

}  // namespace

std::string format_yaml(const json& rows) {
  if (!rows.is_array() || rows.empty()) return "[]\n";
  std::string out;
  for (const auto& row : rows) {
    if (!row.is_object() || row.empty()) {
      out += "- " + flow(row) + '\n';
      continue;
    }
    const char* begin = "- ";
    for (const auto& [key, value] : row.items()) {
      out += begin + scalar(key) + ": " + scalar(value) + '\n';
      begin = "  ";
    }
  }
  return out;
}

}  // namespace greenroom::cli

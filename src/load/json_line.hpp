// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What was measured: fields by name in their order, printed as one line of JSON.

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace greenroom::load {

class json_line {
 public:
  /// `value` must hold no quotes, backslashes or control characters.
  json_line& text(std::string_view name, std::string_view value) {
    return raw(name, fmt::format("\"{}\"", value));
  }
  json_line& number(std::string_view name, double value, int decimals = 0) {
    return raw(name, fmt::format("{:.{}f}", value, decimals));
  }
  json_line& numbers(std::string_view name, const std::vector<double>& values) {
    return raw(name, fmt::format("[{:.0f}]", fmt::join(values, ",")));
  }
  [[nodiscard]] std::string str() const {
    std::string fields;
    for (const auto& [name, value] : fields_)
      fields += fmt::format("{}\"{}\":{}", fields.empty() ? "" : ",", name, value);
    return "{" + fields + "}";
  }
  void print() const {
    std::printf("%s\n", str().c_str());
    std::fflush(stdout);
  }
  /// A number; 0 when there is no such field.
  [[nodiscard]] double value(std::string_view name) const {
    const auto* found = find(name);
    return found == nullptr ? 0 : std::strtod(found->c_str(), nullptr);
  }
  /// A text without its quotes; empty when there is no such field.
  [[nodiscard]] std::string text_of(std::string_view name) const {
    const auto* found = find(name);
    return found == nullptr || found->size() < 2 ? "" : found->substr(1, found->size() - 2);
  }

 private:
  json_line& raw(std::string_view name, const std::string& value) {
    fields_.emplace_back(name, value);
    return *this;
  }
  [[nodiscard]] const std::string* find(std::string_view name) const {
    for (const auto& [known, value] : fields_) {
      if (known == name) return &value;
    }
    return nullptr;
  }

  std::vector<std::pair<std::string, std::string>> fields_;  ///< values as they are in JSON
};

}  // namespace greenroom::load

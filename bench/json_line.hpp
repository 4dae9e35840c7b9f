// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The one line of JSON that each program prints as its result.

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

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
  void print() const {
    std::printf("{%s}\n", fields_.c_str());
    std::fflush(stdout);
  }

 private:
  json_line& raw(std::string_view name, const std::string& value) {
    fields_ += fmt::format("{}\"{}\":{}", fields_.empty() ? "" : ",", name, value);
    return *this;
  }

  std::string fields_;
};

}  // namespace bench

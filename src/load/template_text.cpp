// SPDX-License-Identifier: MIT
#include "load/template_text.hpp"

#include <algorithm>
#include <cstdlib>

namespace greenroom::load {

template_text::template_text(std::string_view text) {
  constexpr std::string_view codes = "rnisptuaA";
  if (text.empty()) return;
  parts_.emplace_back();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%' || i + 1 == text.size()) {
      parts_.back().text += text[i];
    } else if (const char code = text[++i]; codes.find(code) == std::string_view::npos) {
      parts_.back().text += code;
    } else {
      parts_.back().code = code;
      parts_.emplace_back();
    }
  }
}

std::string unescape(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      result += text[i];
      continue;
    }
    const char kind = text[++i];
    if (kind == 'n') {
      result += '\n';
    } else if (kind == 't') {
      result += '\t';
    } else if (kind == 'x' && i + 2 < text.size()) {
      const std::string digits(text.substr(i + 1, 2));
      result += static_cast<char>(std::strtol(digits.c_str(), nullptr, 16));
      i += 2;
    } else {
      result += kind;
    }
  }
  return result;
}

std::vector<std::string> split(std::string_view text, std::string_view by) {
  std::vector<std::string> pieces;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find(by, begin), text.size());
    if (end > begin) pieces.emplace_back(text.substr(begin, end - begin));
    begin = end + by.size();
  }
  return pieces;
}

template_step make_step(std::string_view text) {
  const auto arrow = text.find("=>");
  if (arrow == std::string_view::npos) return {template_text(unescape(text)), {}};
  return {template_text(unescape(text.substr(0, arrow))), unescape(text.substr(arrow + 2))};
}

}  // namespace greenroom::load

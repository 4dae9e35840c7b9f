// SPDX-License-Identifier: MIT
#include "actors/self_report.hpp"

#include <algorithm>

namespace greenroom::actors {

void self_report::say(std::string name, nlohmann::json value) {
  if (facts_.size() >= facts_max) {
    return;
  }
  if (value.is_string() && value.get_ref<const std::string&>().size() > text_max) {
    auto& text = value.get_ref<std::string&>();
    auto end = text_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
      --end;  // not within a character
    }
    text.resize(end);
    text += "…";
  }
  facts_.emplace_back(std::move(name), std::move(value));
}

void self_report::say_names(std::string name, std::span<const std::string> first, std::size_t all) {
  const auto shown = std::min(first.size(), names_max);
  auto text = std::to_string(all);
  for (std::size_t i = 0; i < shown; ++i) {
    text += (i == 0 ? ": " : ", ") + first[i];
  }
  if (shown > 0 && all > shown) {
    text += ", …";
  }
  say(std::move(name), std::move(text));
}

}  // namespace greenroom::actors

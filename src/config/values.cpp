// SPDX-License-Identifier: MIT
#include "config/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

namespace greenroom::config {

namespace {

field field_of(const settings& s, const key& k) {
  // The table knows one direction only; readers do not write through it.
  return k.at(const_cast<settings&>(s));
}

sentence wrong_type(const key& k, std::string_view what) {
  return fmt::format("{} must be {}, not {}", k.name, type_name(k), what);
}

template <class Value>
sentence out_of_range(const key& k, const Value& value, std::string_view which,
                      std::uint32_t limit) {
  return fmt::format("{} is {}, the {} is {}{}{}", k.name, value, which, limit,
                     k.unit.empty() ? "" : " ", k.unit);
}

bool is_choice(std::string_view choices, std::string_view value) {
  while (!choices.empty()) {
    auto end = std::min(choices.find('|'), choices.size());
    if (choices.substr(0, end) == value) return true;
    choices.remove_prefix(std::min(end + 1, choices.size()));
  }
  return false;
}

// JSON's escapes are a subset of those of a TOML basic string.
std::string in_quotes(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

template <class... Ts>
struct overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
overloaded(Ts...) -> overloaded<Ts...>;

}  // namespace

bool is_number(const key& k) {
  settings s;
  auto f = k.at(s);
  return std::holds_alternative<std::uint16_t*>(f) || std::holds_alternative<std::uint32_t*>(f);
}

bool is_switch(const key& k) {
  settings s;
  return std::holds_alternative<bool*>(k.at(s));
}

bool is_list(const key& k) {
  settings s;
  return std::holds_alternative<std::vector<std::string>*>(k.at(s));
}

std::string_view type_name(const key& k) {
  if (is_number(k)) return "a whole number";
  if (is_switch(k)) return "true or false";
  return is_list(k) ? "a list of texts" : "a text";
}

sentence set_number(settings& s, const key& k, std::int64_t value) {
  if (!is_number(k)) return wrong_type(k, fmt::format("the number {}", value));
  if (value < k.min) return out_of_range(k, value, "least", k.min);
  if (value > k.max) return out_of_range(k, value, "most", k.max);
  std::visit(overloaded{[value](std::uint16_t* p) { *p = static_cast<std::uint16_t>(value); },
                        [value](std::uint32_t* p) { *p = static_cast<std::uint32_t>(value); },
                        [](auto*) {}},
             k.at(s));
  return {};
}

sentence set_switch(settings& s, const key& k, bool value) {
  auto f = k.at(s);
  auto* target = std::get_if<bool*>(&f);
  if (target == nullptr) return wrong_type(k, value ? "true" : "false");
  **target = value;
  return {};
}

sentence set_text(settings& s, const key& k, std::string value) {
  auto f = k.at(s);
  auto* target = std::get_if<std::string*>(&f);
  if (target == nullptr) return wrong_type(k, fmt::format("the text {}", in_quotes(value)));
  if (value.find('\0') != std::string::npos) return fmt::format("{} has a zero byte", k.name);
  if (!k.choices.empty() && !is_choice(k.choices, value)) {
    std::string choices{k.choices};
    std::ranges::replace(choices, '|', ' ');
    return fmt::format("{} is {}, and must be one of: {}", k.name, in_quotes(value), choices);
  }
  **target = std::move(value);
  return {};
}

sentence set_list(settings& s, const key& k, std::vector<std::string> value) {
  auto f = k.at(s);
  auto* target = std::get_if<std::vector<std::string>*>(&f);
  if (target == nullptr) return wrong_type(k, "a list");
  **target = std::move(value);
  return {};
}

sentence set_from_text(settings& s, const key& k, std::string_view text) {
  if (is_number(k)) {
    std::int64_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc::result_out_of_range) {
      return out_of_range(k, text, "most", k.max);
    }
    if (error != std::errc{} || end != text.data() + text.size()) {
      return wrong_type(k, in_quotes(std::string{text}));
    }
    return set_number(s, k, number);
  }
  if (is_switch(k)) {
    if (text != "true" && text != "false") return wrong_type(k, in_quotes(std::string{text}));
    return set_switch(s, k, text == "true");
  }
  if (!is_list(k)) return set_text(s, k, std::string{text});
  std::vector<std::string> items;
  while (!text.empty()) {
    auto end = std::min(text.find(','), text.size());
    if (end > 0) items.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return set_list(s, k, std::move(items));
}

std::string toml_value(const settings& s, const key& k) {
  return std::visit(overloaded{[](const bool* p) { return std::string(*p ? "true" : "false"); },
                               [](const std::string* p) { return in_quotes(*p); },
                               [](const std::vector<std::string>* p) {
                                 std::string result;
                                 for (const auto& item : *p) {
                                   result += (result.empty() ? "" : ", ") + in_quotes(item);
                                 }
                                 return "[" + result + "]";
                               },
                               [](const auto* p) { return std::to_string(*p); }},
                    field_of(s, k));
}

}  // namespace greenroom::config

// SPDX-License-Identifier: MIT
#include "config/dump.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "config/table.hpp"
#include "config/values.hpp"

namespace greenroom::config {

namespace {

constexpr std::string_view preamble =
    R"(# All settings of greenroomd with their defaults. A file needs only what differs.
#
# A value comes from the first of these that has it:
#   1. a flag:                greenroomd --set limits.messages_per_minute=0
#   2. the environment:       GREENROOM_LIMITS_MESSAGES_PER_MINUTE=0
#                             (the key in capitals, '_' for '.'; lists with commas)
#   3. the file of --config
#   4. the default below
# An unknown key or variable is an error; only the variables of the greenroom tool (GREENROOM_NODE,
# _USER, _PASSWORD, _TOKEN) and of tests (_BIN_DIR, _SOURCE_DIR) are passed over.
# Check a file with: greenroomd --check-config --config FILE
)";

// A paragraph of comment lines of at most 100 columns.
std::string comment(std::string_view text) {
  std::string result;
  std::string line = "#";
  auto flush = [&] {
    result += line + "\n";
    line = "#";
  };
  while (!text.empty()) {
    auto end = std::min(text.find(' '), text.size());
    if (line.size() + 1 + end > 100) flush();
    line += " ";
    line += text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  flush();
  return result;
}

std::string limits_of(const key& k) {
  if (!is_number(k)) return "";
  if (k.unit.empty()) return fmt::format("# A number, {} to {}.\n", k.min, k.max);
  return fmt::format("# Unit: {}, {} to {}.\n", k.unit, k.min, k.max);
}

nlohmann::json json_value(const settings& s, const key& k) {
  // The spelling of TOML numbers, texts and lists is also that of JSON.
  return nlohmann::json::parse(toml_value(s, k));
}

template <class Line>
std::string sections(Line&& line) {
  std::string result;
  std::string_view section;
  for (const auto& k : keys()) {
    if (k.section() != section) {
      section = k.section();
      result += fmt::format("{}[{}]\n", result.empty() ? "" : "\n", section);
    }
    result += line(k);
  }
  return result;
}

}  // namespace

nlohmann::json to_json(const settings& s) {
  auto result = nlohmann::json::object();
  for (const auto& k : keys()) {
    result[std::string{k.section()}][std::string{k.leaf()}] = json_value(s, k);
  }
  return result;
}

nlohmann::json to_json(const loaded& l) {
  settings defaults;
  auto result = nlohmann::json::array();
  for (const auto& k : keys()) {
    result.push_back({{"key", k.name},
                      {"value", json_value(l.values, k)},
                      {"default", json_value(defaults, k)},
                      {"unit", k.unit},
                      {"origin", l.origins.at(std::string{k.name})}});
  }
  return result;
}

std::string to_toml(const loaded& l) {
  return sections([&l](const key& k) {
    return fmt::format("{} = {}  # {}\n", k.leaf(), toml_value(l.values, k),
                       l.origins.at(std::string{k.name}));
  });
}

std::string documented_toml() {
  settings defaults;
  return std::string{preamble} + "\n" + sections([&defaults](const key& k) {
           return comment(k.doc) + limits_of(k) +
                  fmt::format("{} = {}\n", k.leaf(), toml_value(defaults, k));
         });
}

}  // namespace greenroom::config

// SPDX-License-Identifier: MIT
// The only file that sees toml++, whose headers are slow to compile.
#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <map>

#include "config/load.hpp"
#include "config/table.hpp"
#include "config/values.hpp"

namespace greenroom::config {

namespace {

std::string unknown(std::string_view what, const std::string& name,
                    const std::vector<std::string>& candidates) {
  auto near = nearest(name, candidates);
  return fmt::format("the {} {} is not known{}", what, name,
                     near.empty() ? "" : fmt::format(", did you mean {}?", near));
}

sentence set_array(settings& s, const key& k, const toml::array& array) {
  std::vector<std::string> items;
  for (const auto& item : array) {
    const auto* text = item.as_string();
    if (text == nullptr) return fmt::format("{} must be {}", k.name, type_name(k));
    items.push_back(text->get());
  }
  return set_list(s, k, std::move(items));
}

sentence set_node(settings& s, const key& k, const toml::node& node) {
  if (const auto* number = node.as_integer()) return set_number(s, k, number->get());
  if (const auto* on = node.as_boolean()) return set_switch(s, k, on->get());
  if (const auto* text = node.as_string()) return set_text(s, k, text->get());
  if (const auto* array = node.as_array()) return set_array(s, k, *array);
  return fmt::format("{} must be {}", k.name, type_name(k));
}

}  // namespace

void read_toml(std::string_view text, const std::string& path, loaded& into, errors& errors) {
  toml::table document;
  try {
    document = toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    const auto& at = error.source().begin;
    errors.push_back(fmt::format("{}:{}:{}: {}", path, at.line, at.column, error.description()));
    return;
  }
  // The document is a map, and knows no order of its own.
  std::multimap<std::uint32_t, std::string> found;
  auto report = [&](const toml::source_region& at, const std::string& what) {
    found.emplace(at.begin.line, fmt::format("{}:{}: {}", path, at.begin.line, what));
  };
  std::vector<std::string> sections;
  std::vector<std::string> names;
  for (const auto& k : keys()) {
    names.emplace_back(k.name);
    if (sections.empty() || sections.back() != k.section()) sections.emplace_back(k.section());
  }
  for (const auto& [section, node] : document) {
    std::string section_name{section.str()};
    const auto* table = node.as_table();
    if (table == nullptr || std::ranges::find(sections, section_name) == sections.end()) {
      const auto* what = table == nullptr ? "key" : "section";
      report(section.source(), unknown(what, section_name, table ? sections : names));
      continue;
    }
    for (const auto& [leaf, value] : *table) {
      auto name = fmt::format("{}.{}", section_name, leaf.str());
      const auto* k = find_key(name);
      auto wrong = k == nullptr ? unknown("key", name, names) : set_node(into.values, *k, value);
      if (wrong) report(leaf.source(), *wrong);
      if (k != nullptr) {
        into.origins[name] = fmt::format("file {}:{}", path, leaf.source().begin.line);
      }
    }
  }
  for (auto& [line, what] : found)
    errors.push_back(std::move(what));
}

}  // namespace greenroom::config

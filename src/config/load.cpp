// SPDX-License-Identifier: MIT
#include "config/load.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "config/table.hpp"
#include "config/values.hpp"

namespace greenroom::config {

namespace {

// Variables of the tools around the node that share its prefix.
constexpr std::string_view foreign_variables[] = {
    "GREENROOM_BIN_DIR",     // where tests find the programs
    "GREENROOM_SOURCE_DIR",  // where tests find the repository
    "GREENROOM_NODE",        // the client's --node
    "GREENROOM_USER",        // the client's --user
    "GREENROOM_PASSWORD",    // the client's password
    "GREENROOM_TOKEN",       // the client's access token
};

constexpr std::string_view prefix = "GREENROOM_";

void read_file(const std::string& path, loaded& into, errors& errors) {
  if (std::error_code ignored; std::filesystem::is_directory(path, ignored)) {
    errors.push_back(fmt::format("{}: is a folder, not a file", path));
    return;
  }
  std::ifstream in{path, std::ios::binary};
  // Character by character: one that is empty is no failure.
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  if (!in.is_open() || in.bad()) {
    errors.push_back(fmt::format("{}: cannot be read", path));
    return;
  }
  read_toml(text, path, into, errors);
}

void read_environment(const std::map<std::string, std::string>& environment, loaded& into,
                      errors& errors) {
  std::map<std::string, const key*> known;
  std::vector<std::string> names;
  for (const auto& k : keys()) {
    known.emplace(k.variable(), &k);
    names.push_back(k.variable());
  }
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(prefix) ||
        std::ranges::find(foreign_variables, name) != std::end(foreign_variables)) {
      continue;
    }
    auto found = known.find(name);
    if (found == known.end()) {
      auto near = nearest(name, names);
      errors.push_back(fmt::format("environment: {} is not known{}", name,
                                   near.empty() ? "" : fmt::format(", did you mean {}?", near)));
      continue;
    }
    const auto& k = *found->second;
    if (auto wrong = set_from_text(into.values, k, value)) {
      errors.push_back(fmt::format("environment {}: {}", name, *wrong));
    }
    into.origins[std::string{k.name}] = "environment " + name;
  }
}

void read_flags(const std::vector<flag_value>& flags, loaded& into, errors& errors) {
  for (const auto& [flag, name, value] : flags) {
    const auto* k = find_key(name);
    if (k == nullptr) {
      std::vector<std::string> names;
      for (const auto& candidate : keys())
        names.emplace_back(candidate.name);
      auto near = nearest(name, names);
      errors.push_back(fmt::format("{}: the key {} is not known{}", flag, name,
                                   near.empty() ? "" : fmt::format(", did you mean {}?", near)));
      continue;
    }
    auto& origin = into.origins[name];
    if (origin.starts_with("flag ")) {
      errors.push_back(fmt::format("{}: {} was already set by {}", flag, name, origin));
      continue;
    }
    if (auto wrong = set_from_text(into.values, *k, value)) {
      errors.push_back(fmt::format("{}: {}", flag, *wrong));
    }
    origin = "flag " + flag;
  }
}

}  // namespace

tl::expected<loaded, errors> load(const sources& from) {
  loaded result;
  errors errors;
  for (const auto& k : keys())
    result.origins.emplace(k.name, "default");
  for (const auto& file : from.files)
    read_file(file, result, errors);
  read_environment(from.environment, result, errors);
  read_flags(from.flags, result, errors);
  if (errors.empty()) check_relations(result.values, errors);
  if (!errors.empty()) return tl::unexpected{std::move(errors)};
  derive(result.values);
  return result;
}

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> result;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    std::string_view text{*entry};
    if (auto equals = text.find('='); equals != std::string_view::npos) {
      result.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return result;
}

}  // namespace greenroom::config

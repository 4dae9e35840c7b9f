// SPDX-License-Identifier: MIT
#include "actors/admin_args.hpp"

#include <array>
#include <iterator>
#include <string>
#include <string_view>

#include "protocol/limits.hpp"
#include "protocol/text.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 4> flags{"dry_run", "create", "fewer_replicas", "follow"};
constexpr std::array<std::string_view, 5> texts{"user", "role", "kind", "scopes", "label"};

}  // namespace

expected<void> tidy_args(json& args) {
  for (auto it = args.begin(); it != args.end();) {
    it = it->is_null() ? args.erase(it) : std::next(it);
  }
  for (const auto name : flags) {
    if (const auto it = args.find(name); it != args.end() && !it->is_boolean()) {
      return invalid_field(std::string(name), std::string(name) + " is true or false");
    }
  }
  for (const auto name : texts) {
    if (const auto it = args.find(name); it != args.end() && !it->is_string()) {
      return invalid_field(std::string(name), std::string(name) + " is a text");
    }
  }
  return {};
}

expected<std::optional<uuid>> user_in(const json& args) {
  const auto it = args.find("user");
  if (it == args.end() || it->is_null()) {
    return std::optional<uuid>{};
  }
  const auto called = it->is_string() ? it->get<std::string>() : std::string("?");
  if (called.empty()) {
    return std::optional<uuid>{};
  }
  if (auto id = uuid::parse(called)) {
    return id;
  }
  const auto name =
      protocol::fold_name(called, limits::username_chars_min, limits::username_chars_max);
  if (!name) {
    return invalid_field("user", "user: a name (3 to 32 characters of a-z 0-9 . _ -) or an id");
  }
  return std::optional(user_id_of(*name));
}

}  // namespace greenroom::actors

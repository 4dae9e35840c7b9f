// SPDX-License-Identifier: MIT
#include "actors/admin_args.hpp"

#include <array>
#include <iterator>
#include <string_view>

#include "protocol/limits.hpp"
#include "protocol/text.hpp"
#include "telemetry/request_scope.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 5> flags{"dry_run", "create", "fewer_replicas", "follow",
                                                "unpin"};
constexpr std::array<std::string_view, 5> texts{"user", "role", "kind", "scopes", "label"};

struct whole_number {
  std::string_view name;
  std::uint64_t min;
  std::uint64_t max;
};
constexpr std::array<whole_number, 2> numbers{{{"days", 1, 36'525}, {"count", 1, 1'000'000'000}}};

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
  for (const auto& n : numbers) {
    const auto it = args.find(n.name);
    if (it == args.end()) {
      continue;
    }
    const bool is_whole =
        it->is_number_unsigned() || (it->is_number_integer() && it->get<std::int64_t>() >= 0);
    const auto value = is_whole ? it->get<std::uint64_t>() : 0;
    if (value < n.min || value > n.max) {
      const std::string name(n.name);
      return invalid_field(name,
                           name + " is " + std::to_string(n.min) + " to " + std::to_string(n.max));
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

expected<std::uint16_t> shard_in(const json& args, std::uint16_t first, std::uint16_t last) {
  const auto range = first == 0 ? "0 (the cluster map) to " + std::to_string(last)
                                : std::to_string(first) + " to " + std::to_string(last);
  const auto it = args.find("shard");
  if (it == args.end() || !it->is_number_integer() || *it < first) {
    return invalid_field("shard", "shard is " + range);
  }
  if (*it > last) {
    return fail(ec::room_not_found, "there is no shard " + it->dump() + "; there are " + range);
  }
  return it->get<std::uint16_t>();
}

std::string request_id_in(const json& request) {
  if (!request.is_object()) {
    return {};
  }
  const auto by = request.find("by");
  if (by == request.end() || !by->is_object()) {
    return {};
  }
  const auto id = by->find("request");
  if (id == by->end() || !id->is_string()) {
    return {};
  }
  auto text = id->get<std::string>();
  return telemetry::is_request_id(text) ? text : std::string();
}

}  // namespace greenroom::actors

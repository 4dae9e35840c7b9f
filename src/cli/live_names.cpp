// SPDX-License-Identifier: MIT
#include "cli/live_names.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/text.hpp"
#include "client/admin.hpp"

namespace greenroom::cli {

namespace {

using namespace std::chrono_literals;
using nlohmann::json;

/// Whoever presses Tab waits for it.
constexpr auto patience = 300ms;
constexpr auto kept_for = 5s;
constexpr auto name_kept_for = 2s;
constexpr std::size_t names_max = 500;

struct source {
  const char* verb;
  std::vector<const char*> columns;
};

source source_of(live_kind kind) {
  switch (kind) {
    case live_kind::node:
      return {"nodes", {"name"}};
    case live_kind::room:
      return {"rooms", {"alias", "id"}};
    case live_kind::user:
      return {"users", {"username"}};
    case live_kind::session:
      return {"sessions", {"id"}};
    case live_kind::connection:
      return {"connections", {"id"}};
    case live_kind::actor:
      return {"actors", {"id"}};
    case live_kind::shard:
      return {"shards", {"shard"}};
    case live_kind::none:
      break;
  }
  return {nullptr, {}};
}

bool can_be_typed(const std::string& name) {
  return !name.empty() && printable(name) == name &&
         name.find_first_of(" '\"\\") == std::string::npos;
}

std::vector<std::string> names_in(const json& rows, const std::vector<const char*>& columns) {
  std::vector<std::string> names;
  for (const auto& row : rows) {
    for (const auto* column : columns) {
      if (!row.is_object() || !row.contains(column)) continue;
      const auto& value = row[column];
      auto name = value.is_string()           ? value.get<std::string>()
                  : value.is_number_integer() ? value.dump()
                                              : std::string();
      if (can_be_typed(name) && names.size() < names_max) names.push_back(std::move(name));
    }
  }
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace

const std::vector<std::string>& live_names::of(live_kind kind) {
  const auto from = source_of(kind);
  auto& kept = kept_[kind];
  const auto now = clock::now();
  const bool fresh = kept.asked_at != clock::time_point{} && now - kept.asked_at < kept_for;
  if (from.verb == nullptr || socket_.empty() || fresh) return kept.names;
  json args = json::object();
  if (kind != live_kind::node && kind != live_kind::shard) args["limit"] = names_max / 2;
  const auto answer = client::ask_admin(socket_, from.verb, args, patience);
  kept.names = answer ? names_in(answer->value("rows", json::array()), from.columns)
                      : std::vector<std::string>{};
  kept.asked_at = clock::now();
  return kept.names;
}

const std::string& live_names::node_name() {
  const auto now = clock::now();
  if (named_at_ != clock::time_point{} && now - named_at_ < name_kept_for) return node_name_;
  // Of all lists only the settings are those of the node that is asked.
  tl::expected<json, client::admin_error> answer =
      tl::unexpected(client::admin_error{"unreachable", "there is no socket"});
  if (!socket_.empty()) {
    answer = client::ask_admin(socket_, "settings", json::object(), patience);
  }
  reachable_ = answer.has_value();
  if (answer) {
    for (const auto& row : answer->value("rows", json::array())) {
      if (row.is_object() && row.value("key", "") == "node.name" && row["value"].is_string()) {
        node_name_ = printable(row["value"].get<std::string>());
      }
    }
  }
  named_at_ = clock::now();
  return node_name_;
}

}  // namespace greenroom::cli

// SPDX-License-Identifier: MIT
/// The keys that sign access tokens, as this node knows them; never what they are.

#include "actors/admin.hpp"
#include "placement/key_plan.hpp"

namespace greenroom::actors {

using nlohmann::json;

void admin::list_keys(const admin_request& r, const json& /*args*/,
                      clock::time_point /*deadline*/) {
  const auto routes = env_->board.routes();
  if (!routes->map) {
    r.done(failure("unreachable", "this node is not part of a cluster yet"));
    return;
  }
  const auto& map = *routes->map;
  const auto now = now_ms();
  const auto token_ms = unix_ms{env_->config.auth.access_token_s} * 1000;
  const auto* signs = placement::signing_key_at(map, now);
  const auto state_of = [&](const placement::signing_key& k) {
    if (k.retired) {
      return "bots only";
    }
    if (signs != nullptr && k.id == signs->id) {
      return "signs";
    }
    return now - k.created_at < placement::key_settle_ms ? "new" : "verifies";
  };
  json found = json::array();
  for (const auto& k : map.keys) {
    const auto until = k.retired ? 0 : placement::key_needed_until(map, k, token_ms);
    found.push_back({{"id", k.id},
                     {"created_at", format_time(k.created_at)},
                     {"state", state_of(k)},
                     {"needed_until", until == 0 ? json() : json(format_time(until))}});
  }
  r.done({{"ok", true},
          {"columns", {"id", "created_at", "state", "needed_until"}},
          {"rows", std::move(found)},
          {"missing", json::array()}});
}

}  // namespace greenroom::actors

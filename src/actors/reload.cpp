// SPDX-License-Identifier: MIT
#include "actors/reload.hpp"

#include <algorithm>
#include <string>

#include "archive/keeper.hpp"
#include "config/live.hpp"
#include "config/table.hpp"
#include "telemetry/log.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

json row_of(const std::string& node, json key, std::string_view state) {
  return {{"node", node},      {"key", std::move(key)}, {"state", state},
          {"before", nullptr}, {"after", nullptr},      {"detail", nullptr}};
}

/// Those that have copies of their own.
void tell_holders(const environment& env, const settings& before, const settings& after) {
  if (before.log.level != after.log.level) {
    telemetry::set_log_level("", after.log.level);
  }
  if (env.backups) {
    env.backups->set_schedule(after.backup.every, after.backup.keep);
  }
}

}  // namespace

std::vector<json> reload_configuration(const environment& env, bool dry_run) {
  const auto& node = env.config.node.name;
  const auto found = config::reload(
      env.config, dry_run,
      [&env](const settings& before, const settings& after) { tell_holders(env, before, after); });
  std::vector<json> rows;
  auto& out = telemetry::log("main");
  if (!found) {
    for (const auto& mistake : found.error()) {
      if (!dry_run) {
        out.error("the configuration is not taken over: {}", mistake);
      }
      rows.push_back(row_of(node, nullptr, "failed"));
      rows.back()["detail"] = mistake;
    }
    return rows;
  }
  for (const auto& c : *found) {
    rows.push_back(row_of(node, c.key, config::to_string(c.what)));
    rows.back()["before"] = c.before;
    rows.back()["after"] = c.after;
    rows.back()["detail"] = c.origin;
    if (!dry_run) {
      out.info("{}: {} is now {} ({}): {}", c.key, c.before, c.after, c.origin,
               config::to_string(c.what));
    }
  }
  const auto others = config::keys().size() - found->size();
  rows.push_back(row_of(node, found->empty() ? json("all keys") : json("all others"), "unchanged"));
  rows.back()["detail"] = std::to_string(others) + " keys";
  if (!dry_run) {
    out.info("the configuration was read again: {} keys differ", found->size());
  }
  return rows;
}

void reload_by_signal(const environment& env, std::uint32_t uid) {
  const auto rows = reload_configuration(env, false);
  if (!env.audit) {
    return;
  }
  const bool failed = std::any_of(rows.begin(), rows.end(),
                                  [](const json& row) { return row["state"] == "failed"; });
  telemetry::audit_entry e;
  e.by = "uid " + std::to_string(uid);
  e.address = "signal";
  e.action = "reload";
  e.on = "node " + env.config.node.name;
  e.details = "{}";
  e.outcome = failed ? "failure" : "ok";
  env.audit->write(e);
}

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
/// What the nodes log, changed while they run. Until the next start, which reads log.level again.

#include <algorithm>
#include <array>

#include "actors/admin.hpp"
#include "telemetry/log.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

constexpr std::size_t component_chars_max = 32;

bool is_component(const std::string& name) {
  return name.size() <= component_chars_max && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || c == '_' || c == '-';
         });
}

std::string level_of(const std::string& component) {
  std::string general;
  for (const auto& l : telemetry::log_levels()) {
    if (l.component.empty()) {
      general = l.level;
    }
    if (l.component == component) {
      return l.level;
    }
  }
  return general;
}

}  // namespace

void admin::list_log_levels(const admin_request& r, const json& /*args*/,
                            clock::time_point deadline) {
  rows own;
  for (const auto& l : telemetry::log_levels()) {
    own.push_back({{"node", env_->config.node.name},
                   {"component", l.component.empty() ? "all others" : l.component},
                   {"level", l.level}});
  }
  gather(r, deadline, {.columns = {"node", "component", "level"}, .own = std::move(own)});
}

void admin::set_log_level(const admin_request& r, const json& args, clock::time_point deadline) {
  const auto text = [&](const char* name) {
    return args.contains(name) && args[name].is_string() ? args[name].get<std::string>()
                                                         : std::string();
  };
  const auto component = text("component");
  const auto level = text("level");
  if (!is_component(component)) {
    r.done(failure("usage", "component: at most 32 characters of a-z _ -; none: all of them"));
    return;
  }
  constexpr std::array levels{"trace", "debug", "info", "warn", "error", "off"};
  if (std::find(levels.begin(), levels.end(), level) == levels.end()) {
    r.done(failure("usage", "level is one of trace, debug, info, warn, error, off"));
    return;
  }
  const auto before = level_of(component);
  const bool dry = args.value("dry_run", false);
  if (!dry && !telemetry::set_log_level(component, level)) {
    r.done(failure("refused", "64 components have levels of their own already"));
    return;
  }
  if (!dry) {
    telemetry::log("main").info("log level of {} set to {} by an operator",
                                component.empty() ? "everything" : component, level);
  }
  json row{{"node", env_->config.node.name},
           {"component", component.empty() ? json("all") : json(component)},
           {"level", dry ? before : level}};
  if (dry) {
    row["wanted"] = level;
    row["would"] = before == level ? "nothing would change: it logs " + level + " already"
                                   : "it would log " + level + " instead of " + before;
  } else {
    row["before"] = before;
  }
  const std::vector<std::string> of_rehearsal{"node", "component", "level", "wanted", "would"};
  gather(r, deadline,
         {.columns =
              dry ? of_rehearsal : std::vector<std::string>{"node", "component", "level", "before"},
          .own = {std::move(row)}});
}

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
/// What is done through the console is written down where it was asked for, with what became of it;
/// and `audit tail` shows it.

#include <algorithm>
#include <array>

#include "actors/admin.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

constexpr std::size_t tail_default = 20;
constexpr std::size_t tail_max = 1000;

/// Verbs that only look. Any other is an action, also one that nobody has thought of here.
constexpr std::array<std::string_view, 28> reading{
    "nodes",          "shards",     "actors",     "links",         "settings",     "health",
    "cluster status", "audit tail", "rooms",      "room show",     "users",        "sessions",
    "connections",    "raft",       "store",      "actor show",    "tree",         "doctor",
    "log levels",     "token list", "key list",   "explain shard", "explain room", "log tail",
    "trace message",  "trace room", "trace user", "chaos list"};

std::string text_in(const json& object, const char* name) {
  const auto it = object.find(name);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

/// Whom or what it concerns.
std::string object_of(const json& args) {
  if (const auto target = text_in(args, "target"); !target.empty()) {
    const auto id = text_in(args, "id");
    return id.empty() ? target : target + " " + id;
  }
  for (const auto* name : {"user", "node", "room", "kind", "actor", "session", "id", "level"}) {
    if (const auto text = text_in(args, name); !text.empty()) {
      return std::string(name) + " " + text;
    }
  }
  for (const auto* name : {"id", "shard"}) {
    if (args.contains(name) && args[name].is_number()) {
      return std::string(name) + " " + args[name].dump();
    }
  }
  return "cluster";
}

telemetry::audit_entry entry_of(const json& request, const json& answer) {
  telemetry::audit_entry e;
  const auto by = request.value("by", json::object());
  if (by.is_object() && by.contains("user")) {
    e.by = "user " + text_in(by, "user");
    e.address = text_in(by, "address");
    e.request = text_in(by, "request");
  } else {
    e.by = "uid " + (by.is_object() && by.contains("uid") ? by["uid"].dump() : std::string("?"));
    e.address = "console";
  }
  e.action = text_in(request, "verb");
  const auto args = request.value("args", json::object());
  if (args.is_object()) {
    e.on = object_of(args);
    auto said = args;
    said.erase("content");  // what people are told is not for this file
    e.details = said.dump(-1, ' ', false, json::error_handler_t::replace);
  }
  const auto why = answer.is_object() ? answer.value("error", json::object()) : json::object();
  const bool ok = answer.is_object() && answer.value("ok", false);
  e.outcome = ok ? "ok" : text_in(why, "code");
  return e;
}

}  // namespace

bool admin::only_looks(std::string_view verb) noexcept {
  return std::find(reading.begin(), reading.end(), verb) != reading.end();
}

/// The request with an answer that is written down first. What another node passes on is written
/// down there; what is no request at all ("usage") did nothing.
admin_request admin::audited(const admin_request& r) const {
  if (r.local_only || !env_->audit || !r.request.is_object()) {
    return r;
  }
  if (only_looks(text_in(r.request, "verb"))) {
    return r;
  }
  auto out = r;
  out.done = answer_once([env = env_, request = r.request, done = r.done](json answer) {
    const auto e = entry_of(request, answer);
    if (e.outcome != "usage") {
      env->audit->write(e);
    }
    done(std::move(answer));
  });
  return out;
}

void admin::show_audit(const admin_request& r, const json& args, clock::time_point deadline) {
  std::size_t wanted = tail_default;
  if (args.contains("limit") && args["limit"].is_number_unsigned()) {
    wanted = std::clamp<std::size_t>(args["limit"].get<std::size_t>(), 1, tail_max);
  }
  rows own;
  for (const auto& line : env_->audit ? env_->audit->tail(wanted) : std::vector<std::string>{}) {
    auto row = json::parse(line, nullptr, false);
    if (row.is_object() && row.contains("time") && row["time"].is_string()) {
      own.push_back(std::move(row));
    }
  }
  gather(r.request, {"time", "node", "by", "address", "action", "on", "details", "outcome"},
         std::move(own), r.done, r.local_only, deadline, [wanted](gathering& g) {
           std::stable_sort(g.found.begin(), g.found.end(), [](const json& a, const json& b) {
             return text_in(a, "time") < text_in(b, "time");
           });
           if (g.found.size() > wanted) {
             g.found.erase(g.found.begin(), g.found.end() - static_cast<std::ptrdiff_t>(wanted));
           }
         });
}

}  // namespace greenroom::actors

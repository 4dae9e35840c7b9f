// SPDX-License-Identifier: MIT
/// From what was typed to what is sent.

#include <algorithm>
#include <array>

#include "cli/console.hpp"
#include "cli/console_output.hpp"

namespace greenroom::cli {

using nlohmann::json;
using std::chrono::milliseconds;

bool is_act(std::string_view verb) noexcept {
  constexpr std::array<std::string_view, 30> looks{
      "",         "nodes",         "shards",     "rooms",          "room show",     "users",
      "sessions", "actors",        "actor show", "connections",    "tree",          "raft",
      "store",    "links",         "settings",   "health",         "doctor",        "token list",
      "top",      "log levels",    "audit tail", "cluster status", "explain shard", "explain room",
      "log tail", "trace message", "trace room", "trace user",     "trace actor",   "chaos list"};
  return std::ranges::find(looks, verb) == looks.end();
}

json console_args(const console_options& o) {
  json args = json::object();
  if (!o.kind.empty()) args["kind"] = o.kind;
  if (!o.parent.empty()) args["parent"] = o.parent;
  if (o.by_kind) args["by"] = "kind";
  if (o.limit) args["limit"] = *o.limit;
  if (!o.user.empty()) args["user"] = o.user;
  if (!o.role.empty()) args["role"] = o.role;
  if (o.create) args["create"] = true;
  if (o.count) args["count"] = *o.count;
  if (o.shard) args["shard"] = *o.shard;
  if (!o.room.empty()) args["room"] = o.room;
  if (!o.node.empty()) args["node"] = o.node;
  if (!o.to.empty()) args["to"] = o.to;
  if (!o.from.empty()) args["from"] = o.from;
  if (o.fewer_replicas) args["fewer_replicas"] = true;
  if (o.unpin) args["unpin"] = true;
  if (!o.target.empty()) args["target"] = o.target;
  if (!o.called.empty()) args["id"] = o.called;
  if (!o.content.empty()) args["content"] = o.content;
  if (!o.scopes.empty()) args["scopes"] = o.scopes;
  if (!o.rooms.empty()) args["rooms"] = o.rooms;
  if (o.days) args["days"] = *o.days;
  if (!o.label.empty()) args["label"] = o.label;
  if (!o.id.empty()) args["id"] = o.id;
  if (!o.filter.empty()) args["filter"] = o.filter;
  if (!o.actor.empty()) args["actor"] = o.actor;
  if (!o.session.empty()) args["session"] = o.session;
  if (!o.component.empty()) args["component"] = o.component;
  if (!o.level.empty()) args["level"] = o.level;
  if (o.dry_run) args["dry_run"] = true;
  if (!o.grep.empty()) args["grep"] = o.grep;
  if (o.follow) args["follow"] = true;
  if (!o.message.empty()) args["message"] = o.message;
  if (o.seconds) args["seconds"] = *o.seconds;
  if (o.delay_ms) args["delay_ms"] = *o.delay_ms;
  // The node cuts the list, so it has to know what is first in it.
  if (!o.sort.empty() && node_sorts(o.verb)) args["sort"] = o.sort;
  return args;
}

milliseconds console_timeout(const console_options& o) {
  if (o.timeout_s > 0) return milliseconds(static_cast<std::int64_t>(o.timeout_s * 1000));
  // Every new account is a synced write.
  if (o.verb == "token issue") return milliseconds(30'000 + std::int64_t{20} * o.count.value_or(1));
  // Digests of all tables.
  if (o.verb == "backup now") return milliseconds(300'000);
  // All of what is in them is read and written.
  if (o.verb == "store compact") return milliseconds(600'000);
  return milliseconds(5000);
}

}  // namespace greenroom::cli

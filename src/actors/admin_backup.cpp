// SPDX-License-Identifier: MIT
/// `backup now`: each node makes a backup of itself, all under one name and as parts of one set.
/// Each is as of its own moment (docs/operations.md, Backups); how far each shard was is said for
/// every node.

#include <algorithm>

#include "actors/admin.hpp"
#include "archive/keeper.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

constexpr std::size_t set_chars_max = 64;

json row_of_failure(const std::string& node, const std::string& name, const std::string& why,
                    const char* state = "failed") {
  return {{"node", node},      {"name", name},       {"state", state},
          {"shards", nullptr}, {"bytes", nullptr},   {"detail", why},
          {"folder", nullptr}, {"applied", nullptr}, {"set", nullptr}};
}

json row_of(const std::string& node, const std::string& name,
            const archive::backup_keeper::outcome& o) {
  if (!o.made) {
    return row_of_failure(node, name, o.made.error().message);
  }
  std::uint64_t bytes = 0;
  for (const auto& f : o.made->files) {
    bytes += f.bytes;
  }
  auto applied = json::object();
  for (const auto& s : o.made->shards) {
    applied[std::to_string(s.number)] = s.applied;
  }
  return {{"node", node},
          {"name", name},
          {"state", "made"},
          {"shards", o.made->shards.size()},
          {"bytes", bytes},
          {"detail", o.folder.string()},
          {"folder", o.folder.string()},
          {"applied", std::move(applied)},
          {"set", o.made->set}};
}

}  // namespace

void admin::back_up(const admin_request& r, const json& args, clock::time_point deadline) {
  const auto it = args.find("to");
  if (it != args.end() && !it->is_string()) {
    r.done(failure("usage", "to is a text"));
    return;
  }
  auto name = it == args.end() ? std::string() : it->get<std::string>();
  if (name.empty()) {
    name = archive::backup_name_of(now_ms());
  }
  if (!archive::is_backup_name(name)) {
    r.done(failure("usage", "to: 1 to 64 letters, digits, '-', '_' or '.'"));
    return;
  }
  const auto named = args.find("set");
  auto set = named != args.end() && named->is_string() ? named->get<std::string>() : std::string();
  if (set.empty() || set.size() > set_chars_max || !r.local_only) {
    static thread_local uuid_generator ids;
    set = ids(now_ms()).str();
  }
  // The others take the same name and set, and no name of their own clocks.
  auto request = r.request;
  request["args"] = args;
  request["args"]["to"] = name;
  request["args"]["set"] = set;
  listing what{.columns = {"node", "name", "state", "shards", "bytes", "detail"}};
  const auto& node = env_->config.node.name;
  if (args.value("dry_run", false)) {
    const auto ok = env_->backups ? env_->backups->may_ask(name)
                                  : expected<void>(unavailable("this node makes none"));
    what.own = {row_of_failure(node, name, ok ? std::string() : ok.error().message,
                               ok ? "not begun" : "failed")};
    if (ok) {
      what.own.front()["detail"] = nullptr;
    }
    what.own.front()["shards"] = env_->replicas.all().size();
    gather(request, r.done, r.local_only, deadline, std::move(what));
    return;
  }
  what.own_later = [this, name, set, node](call_number number) {
    if (!env_->backups) {
      take_own(number, {row_of_failure(node, name, "this node makes none")});
      return;
    }
    const auto ticket = env_->backups->ask(name, set);
    if (!ticket) {
      take_own(number, {row_of_failure(node, name, ticket.error().message)});
      return;
    }
    backing_up_.emplace_back(number, *ticket, name);
    arm_tick();
  };
  gather(request, r.done, r.local_only, deadline, std::move(what));
}

/// On every tick. A backup whose list has ended by its time-out is made all the same.
void admin::look_at_backups() {
  auto waiting = std::move(backing_up_);
  backing_up_.clear();
  for (auto& [number, ticket, name] : waiting) {
    if (const auto done = env_->backups->take(ticket)) {
      take_own(number, {row_of(env_->config.node.name, name, *done)});
    } else if (gathering_of(number)) {
      backing_up_.emplace_back(number, ticket, std::move(name));
    }
  }
}

}  // namespace greenroom::actors

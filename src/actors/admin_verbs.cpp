// SPDX-License-Identifier: MIT
/// What the console asks to see and to do, by verb; and what these verbs have in common.

#include <algorithm>
#include <charconv>
#include <memory>

#include "actors/admin.hpp"

namespace greenroom::actors {

using nlohmann::json;

bool admin::take_verb(const std::string& verb, const admin_request& r, const json& args,
                      clock::time_point deadline) {
  using handler = void (admin::*)(const admin_request&, const json&, clock::time_point);
  static const std::unordered_map<std::string_view, handler> verbs{
      {"actors", &admin::list_actors},
      {"actor show", &admin::show_actor},
      {"tree", &admin::show_tree},
      {"rooms", &admin::list_rooms},
      {"room show", &admin::show_room},
      {"raft", &admin::list_replicas},
      {"store", &admin::show_store},
      {"doctor", &admin::examine},
      {"backup now", &admin::back_up},
      {"users", &admin::list_users},
      {"sessions", &admin::list_sessions},
      {"session kick", &admin::kick},
      {"connections", &admin::list_connections},
      {"connection close", &admin::close_connection},
      {"log level", &admin::set_log_level},
      {"log levels", &admin::list_log_levels},
      {"user create", &admin::create_user},
      {"user reset-password", &admin::reset_password},
      {"key list", &admin::list_keys},
      {"links", &admin::list_links},
      {"explain shard", &admin::explain_shard},
      {"explain room", &admin::explain_room},
      {"log tail", &admin::tail_log},
      {"trace message", &admin::trace_messages},
      {"trace room", &admin::trace_messages},
      {"trace user", &admin::trace_messages},
      {"reload", &admin::reload},
      {"chaos fail", &admin::rehearse_failure},
      {"chaos kill", &admin::kill_actor},
      {"chaos delay link", &admin::rehearse_delay},
      {"chaos list", &admin::list_rehearsals},
      {"store compact", &admin::compact},
      {"shard snapshot", &admin::snapshot_shard},
  };
  const auto found = verbs.find(verb);
  if (found == verbs.end()) {
    return false;
  }
  (this->*found->second)(r, args, deadline);
  return true;
}

void admin::list(const admin_request& r, const json& args, clock::time_point deadline,
                 std::span<const std::string_view> fields, std::size_t shown, listing what,
                 std::string_view sort, std::size_t limit) {
  auto shape = list_shape_of(args, fields, limit);
  if (!shape) {
    r.done(failure("usage", shape.error().message));
    return;
  }
  if (shape->sort.empty()) {
    shape->sort = sort;
  }
  what.columns.assign(fields.begin(), fields.begin() + static_cast<std::ptrdiff_t>(shown));
  what.shape = [shape = std::move(*shape), prepare = std::move(what.shape)](gathering& g) {
    if (prepare) {
      prepare(g);
    }
    g.cut += shape_rows(g.found, shape);
  };
  // All fields, because without rows nobody could tell which they have.
  auto named = r;
  named.done = answer_once([done = r.done, all = json(fields)](json answer) {
    if (answer.value("ok", false)) {
      answer["fields"] = all;
    }
    done(std::move(answer));
  });
  gather(named, deadline, std::move(what));
}

// -- names of what lives on one node
// ---------------------------------------------------------------

/// Actors and connections are numbered by each node: "node1/57".
std::string admin::here(std::uint64_t id) const {
  return env_->config.node.name + "/" + std::to_string(id);
}

/// The number, if it is one of this node; without a node's name it is taken for one.
std::optional<std::uint64_t> admin::id_here(const std::string& text) const {
  std::string_view number = text;
  if (const auto slash = number.rfind('/'); slash != std::string_view::npos) {
    if (number.substr(0, slash) != env_->config.node.name) {
      return std::nullopt;
    }
    number.remove_prefix(slash + 1);
  }
  std::uint64_t id = 0;
  const auto* end = std::to_address(number.end());
  const bool right =
      !number.empty() && std::from_chars(std::to_address(number.begin()), end, id).ptr == end;
  return right ? std::optional(id) : std::nullopt;
}

// -- asking a leader
// -------------------------------------------------------------------------------

void admin::ask(const uuid& target, call_body body, clock::time_point deadline,
                std::function<void(const reply_body&)> then, const chat::origin& from) {
  auto c = std::make_shared<call>();
  c->number = env_->board.next_call();
  c->target = target;
  c->shard = env_->board.shard_of(target);
  c->timeout_ms = env_->config.limits.request_timeout_ms;
  c->from = from;
  c->body = std::move(body);
  asked_[c->number] = {std::move(then), deadline};
  env_->board.ask(std::move(c), caf::actor_cast<reply_sink>(this));
  arm_tick();
}

bool admin::take_asked(const reply& r) {
  const auto it = asked_.find(r.number);
  if (it == asked_.end()) {
    return false;
  }
  const auto then = std::move(it->second.then);
  asked_.erase(it);
  then(r.body);
  return true;
}

}  // namespace greenroom::actors

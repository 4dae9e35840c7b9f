// SPDX-License-Identifier: MIT
/// Access tokens without a password.

#include <algorithm>

#include "actors/admin.hpp"
#include "protocol/limits.hpp"
#include "protocol/text.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

/// Calls for tokens in flight at once.
constexpr std::size_t issuing_max = 64;
constexpr std::size_t tokens_max = 100'000;
constexpr int tries_max = 20;

}  // namespace

void admin::issue(const json& args, const answer_once& done, clock::time_point deadline) {
  const auto user = args.value("user", "");
  const auto count = args.contains("count") && args["count"].is_number_unsigned()
                         ? args["count"].get<std::size_t>()
                         : std::size_t{0};
  if (count > tokens_max) {
    done(failure("usage", "count is at most " + std::to_string(tokens_max)));
    return;
  }
  auto i = std::make_shared<issuing>();
  i->done = done;
  i->create = args.value("create", false);
  i->deadline = deadline;
  for (std::size_t n = 1; n <= std::max<std::size_t>(count, 1); ++n) {
    const auto name = protocol::fold_name(count == 0 ? user : user + std::to_string(n),
                                          limits::username_chars_min, limits::username_chars_max);
    if (!name) {
      done(failure("usage", "user: 3 to 32 characters of a-z 0-9 . _ -"));
      return;
    }
    i->order.push_back(*name);
  }
  i->names.assign(i->order.begin(), i->order.end());
  issuings_.push_back(i);
  issue_some(i);
  arm_tick();
}

void admin::issue_some(const std::shared_ptr<issuing>& i) {
  while (!i->names.empty() && i->waiting.size() < issuing_max) {
    const auto name = i->names.front();
    i->names.pop_front();
    auto c = std::make_shared<call>();
    c->number = env_->board.next_call();
    c->target = user_id_of(name);
    c->shard = env_->board.shard_of(c->target);
    c->timeout_ms = env_->config.limits.request_timeout_ms;
    c->body = user_issue{name, i->create};
    i->waiting[c->number] = name;
    env_->board.ask(std::move(c), caf::actor_cast<reply_sink>(this));
  }
}

void admin::take_token(const reply& r) {
  for (auto it = issuings_.begin(); it != issuings_.end(); ++it) {
    const auto i = *it;
    const auto waiting = i->waiting.find(r.number);
    if (waiting == i->waiting.end()) {
      continue;
    }
    const auto name = waiting->second;
    i->waiting.erase(waiting);
    if (const auto* opened = std::get_if<session_opened>(&r.body)) {
      i->tokens[name] = opened->response.token;
    } else if (const auto* why = std::get_if<error>(&r.body);
               why != nullptr && why->code != ec::unavailable) {
      issuings_.erase(it);
      i->done(failure(why->code == ec::user_not_found ? "not_found" : "failure",
                      name + ": " + why->message));
      return;
    } else if (++i->tries[name] > tries_max) {
      issuings_.erase(it);
      i->done(failure("unreachable", name + ": the leader of the account cannot be reached"));
      return;
    } else {
      i->names.push_back(name);
    }
    if (i->tokens.size() == i->order.size()) {
      issuings_.erase(it);
      json found = json::array();
      for (const auto& user : i->order) {
        found.push_back({{"user", user}, {"token", i->tokens[user]}});
      }
      i->done({{"ok", true},
               {"columns", {"user", "token"}},
               {"rows", std::move(found)},
               {"missing", json::array()}});
    } else if (!std::holds_alternative<session_opened>(r.body)) {
      arm_tick();  // a little later
    } else {
      issue_some(i);
    }
    return;
  }
}

}  // namespace greenroom::actors

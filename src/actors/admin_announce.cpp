// SPDX-License-Identifier: MIT
/// What operators have the server say.

#include "actors/admin.hpp"
#include "actors/announcements.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

std::string text_of(const json& args, const char* name) {
  const auto it = args.find(name);
  return it != args.end() && it->is_string() ? it->get<std::string>() : std::string();
}

}  // namespace

/// Not repeated by itself: without an answer it may have been said.
void admin::announce(const json& args, const answer_once& done, clock::time_point deadline) {
  auto where =
      announcement_of(text_of(args, "target"), text_of(args, "id"), text_of(args, "content"));
  if (!where) {
    done(failure("usage", where.error().message));
    return;
  }
  auto c = std::make_shared<call>();
  c->number = env_->board.next_call();
  c->target = where->room_id;
  c->shard = env_->board.shard_of(where->room_id);
  c->timeout_ms = env_->config.limits.request_timeout_ms;
  c->body = std::move(where->body);
  users_[c->number] = {done, deadline};
  env_->board.ask(std::move(c), caf::actor_cast<reply_sink>(this));
  arm_tick();
}

}  // namespace greenroom::actors

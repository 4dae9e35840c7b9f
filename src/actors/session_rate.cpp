// SPDX-License-Identifier: MIT
/// How often one may do something: a bucket for each user and action, the type of a write or all
/// that is done over HTTP alone. See docs/protocol.md, section 7, and `limits.messages_per_minute`.

#include "actors/session.hpp"

namespace greenroom::actors {

namespace {

/// Whose bucket it is. Messages have that of the user himself, without a hash for each.
uuid bucket_of(const uuid& user, std::string_view action) {
  return action == "send_message_request" ? user : uuid::v5(user, "limit:" + std::string(action));
}

}  // namespace

/// Takes one from the bucket of the action, or says when there will be one.
std::optional<error> session::takes_too_much(std::string_view action) const {
  const auto wait_ms = env_->limiter.take(bucket_of(start_.user_id, action), clock::now());
  if (!wait_ms) {
    return std::nullopt;
  }
  error e{ec::rate_limit, "too often in a minute: " + std::string(action), {}};
  e.details.retry_after_ms = wait_ms;
  return e;
}

/// Of what HTTP offers beside the requests of the protocol: what is written, or costs a shard a lot
/// to put together.
bool session::is_limited(const net::http_call& c) {
  if (c.webhook) {
    using what = net::webhook_action::what;
    return c.webhook->kind != what::list && c.webhook->kind != what::dead;
  }
  return (c.account && c.account->kind != net::account_action::what::list_tokens) ||
         c.announcement || c.room_export || c.room_restore || c.message_export || c.console;
}

}  // namespace greenroom::actors

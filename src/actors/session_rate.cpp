// SPDX-License-Identifier: MIT
/// How often one may change something: one bucket for each user on this node, whatever he changes.
/// See docs/protocol.md, section 7, and `limits.messages_per_minute`.

#include "actors/session.hpp"

namespace greenroom::actors {

/// Takes one from the bucket, or says when there will be one.
std::optional<error> session::takes_too_much() const {
  const auto wait_ms = env_->limiter.take(start_.user_id, clock::now());
  if (!wait_ms) {
    return std::nullopt;
  }
  error e{ec::rate_limit, "too many messages a minute", {}};
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
         c.announcement || c.room_export || c.room_restore || c.message_export;
}

}  // namespace greenroom::actors

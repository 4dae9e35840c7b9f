// SPDX-License-Identifier: MIT
/// How often one may do something: a bucket for each user and action, which is a type of request or
/// all that is done over HTTP alone. See docs/protocol.md, section 7, `limits.messages_per_minute`
/// for what changes something and `limits.requests_per_minute` for all else.

#include "actors/session.hpp"
#include "protocol/rate_refusal.hpp"
#include "telemetry/security_log.hpp"

namespace greenroom::actors {

namespace {

/// The action that all is of which the protocol has no request.
constexpr std::string_view http_alone = "what is done over HTTP alone";
/// The same of the console, which asks again and again.
constexpr std::string_view the_console = "the console over HTTP";
/// And of what changes nothing.
constexpr std::string_view read_alone = "what is read over HTTP alone";
/// The settings that say how often.
constexpr std::string_view of_changes = "limits.messages_per_minute";
constexpr std::string_view of_the_rest = "limits.requests_per_minute";
/// It has no number in the table.
constexpr std::uint16_t no_kind = 0;

/// Whose bucket it is. Messages have that of the user himself, without a hash for each.
uuid bucket_of(const uuid& user, std::string_view action) {
  return action == "send_message_request" ? user : uuid::v5(user, "limit:" + std::string(action));
}

/// Of what HTTP offers beside the requests of the protocol: what is written, or costs a shard a lot
/// to put together.
bool is_change(const net::http_call& c) {
  if (c.webhook) {
    using what = net::webhook_action::what;
    return c.webhook->kind != what::list && c.webhook->kind != what::dead;
  }
  return (c.account && c.account->kind != net::account_action::what::list_tokens) ||
         c.announcement || c.room_export || c.room_restore || c.message_export || c.console;
}

}  // namespace

/// Each kind of action of a user has a line a minute.
void session::note_rate_limit(std::string_view what) const {
  const auto user = start_.user_id.str();
  telemetry::note_security(
      {.what = "rate_limited",
       .text = "too often, of user " + user + " from " + facts_->address + ": " + std::string(what),
       .address = facts_->address,
       .user = user,
       .of = user + " " + std::string(what),
       .per_minute = 1});
}

std::optional<error> session::too_often(std::string_view action, std::string_view setting,
                                        std::optional<std::int64_t> wait_ms) const {
  if (!wait_ms) {
    return std::nullopt;
  }
  note_rate_limit(action);
  return rate_refusal("too often in a minute: " + std::string(action), setting, wait_ms);
}

/// Takes one from the bucket of the action, or says when there will be one. Log-ins have guards of
/// their own, and heartbeats are counted by nobody.
std::optional<error> session::takes_too_much(const protocol::request_row& row) const {
  if (row.rate == protocol::rate_class::write) {
    return too_often(row.type, of_changes,
                     env_->limiter.take(bucket_of(start_.user_id, row.type), clock::now()));
  }
  if (!row.needs_login) {
    return std::nullopt;
  }
  return too_often(row.type, of_the_rest,
                   env_->requests.take(start_.user_id, row.number, clock::now()));
}

/// The same for what HTTP offers beside the requests of the protocol; those are counted as such.
std::optional<error> session::takes_too_much(const net::http_call& c) const {
  if (is_change(c)) {
    const auto action = c.console ? the_console : http_alone;
    return too_often(action, of_changes,
                     env_->limiter.take(bucket_of(start_.user_id, action), clock::now()));
  }
  if (c.account || c.webhook || c.authenticate_only) {
    return too_often(read_alone, of_the_rest,
                     env_->requests.take(start_.user_id, no_kind, clock::now()));
  }
  return std::nullopt;
}

}  // namespace greenroom::actors

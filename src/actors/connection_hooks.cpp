// SPDX-License-Identifier: MIT
/// Calls of incoming webhooks: nobody is signed in, and the room's leader knows the token.

#include "actors/answer_time.hpp"
#include "actors/connection.hpp"
#include "protocol/rate_refusal.hpp"
#include "security/fingerprint.hpp"
#include "security/tokens.hpp"
#include "telemetry/security_log.hpp"

namespace greenroom::actors {

namespace {

error unknown_webhook() {
  return {ec::unauthorized, "no webhook has this id and token", {}};
}

}  // namespace

/// A webhook's token is all that who comes this way has; it says which room it is for.
void connection::take_hook(const http_call_ptr& c) {
  const auto refuse = [&](error why) {
    c->done({c->request.message_id, now_ms(), std::move(why), false});
  };
  const auto& hook = c->webhook->hook_id;
  if (const auto wait_ms = who_.loopback
                               ? std::nullopt
                               : env_->hook_callers.refused_ms(who_.address, hook, clock::now())) {
    telemetry::note_security(
        {.what = "rate_limited",
         .text = "call of a webhook from " + who_.address + " refused: too many have failed",
         .address = who_.address,
         .of = "webhooks " + network_of(who_.address),
         .per_minute = 1});
    refuse(rate_refusal("too many calls of webhooks from this address have failed",
                        "auth.failed_logins_per_minute_per_address", wait_ms));
    return;
  }
  const auto token = security::parse_refresh_token(c->bearer_token.value_or(""));
  if (!token || token->session_id != hook) {
    refuse(unknown_webhook());
    return;
  }
  room_hook_post body;
  body.hook_id = token->session_id;
  body.token_hash = token->hash;
  body.key = c->request.message_id;
  body.what = std::get<protocol::send_message_request>(c->request.data);
  body.what.room_id = token->user_id;
  body.username = c->webhook->name;
  chat::origin from;
  from.message_id = c->request.message_id;
  const auto routes = env_->board.routes();
  if (routes->map) {
    const auto& key = routes->map->fingerprint_key;
    from.fingerprint = security::fingerprint(key, protocol::request(body.what));
    if (!body.username.empty()) {
      from.fingerprint ^= security::fingerprint_of(key, "username " + body.username);
    }
  }
  const auto number = ++numbers_;
  logins_[number] = {c->request, c};
  const auto room = token->user_id;
  calls_.ask(
      caf::actor_cast<reply_sink>(this), room, env_->board.shard_of(room), from, std::move(body),
      answer_time(env_->config), [this, number, hook](const reply_body& reply) {
        const auto done = std::move(logins_.at(number));
        logins_.erase(number);
        if (const auto* ok = std::get_if<answered>(&reply)) {
          answer(done, ok->data, ok->duplicate);
          return;
        }
        const auto* why = std::get_if<error>(&reply);
        // A room that is deleted has no webhooks, from its last moments on.
        const bool wrong =
            why != nullptr && (why->code == ec::unauthorized || why->code == ec::room_not_found);
        if (wrong) {
          if (!who_.loopback) env_->hook_callers.failed(who_.address, hook, clock::now());
          answer(done, unknown_webhook(), false);
          return;
        }
        answer(done, why != nullptr ? *why : unavailable("try again").value(), false);
      });
  arm_tick();
}

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
/// The webhooks of a room, over HTTP: its leader decides.

#include "actors/session.hpp"
#include "web/url.hpp"

namespace greenroom::actors {

namespace {

using action = net::webhook_action::what;

/// The scope that is missing. Whoever makes a webhook gets with it what it can do, and keeps that
/// when his own token has ended: one that is read from, or written through, takes that scope too.
std::optional<protocol::scope> missing_scope(const protocol::token_limits& limits,
                                             const net::webhook_action& wanted) {
  if (!limits.has(protocol::scope::manage)) {
    return protocol::scope::manage;
  }
  const auto other = wanted.outgoing ? protocol::scope::read : protocol::scope::write;
  if (wanted.kind == action::create && !limits.has(other)) {
    return other;
  }
  return std::nullopt;
}

/// Server admins may do this in the rooms of others, so it is written down.
telemetry::audit_entry entry_of(const net::webhook_action& wanted) {
  telemetry::audit_entry e;
  e.on = "room " + wanted.room_id.str();
  if (wanted.kind == action::create) {
    e.action = "webhook create";
    // Not where it leads to: such addresses have secrets in them.
    e.details = (wanted.outgoing ? "outgoing " : "incoming ") + wanted.name;
    return e;
  }
  e.action = wanted.kind == action::remove   ? "webhook delete"
             : wanted.kind == action::replay ? "webhook replay"
                                             : "webhook resume";
  e.details = "webhook " + wanted.hook_id.str();
  return e;
}

}  // namespace

void session::act_on_webhook(const http_call_ptr& c, const answerer& answer) {
  const auto& wanted = *c->webhook;
  if (!limits_.allows_room(wanted.room_id)) {
    error e{ec::forbidden, "this token is not for this room", {}};
    e.details.field = "room_id";
    answer(std::move(e), false);
    return;
  }
  if (const auto scope = missing_scope(limits_, wanted)) {
    error e{ec::forbidden, "this token lacks the scope " + std::string(to_string(*scope)), {}};
    e.details.field = "scopes";
    answer(std::move(e), false);
    return;
  }
  using from = action;
  using what = room_webhooks::what;
  room_webhooks body;
  switch (wanted.kind) {
    case from::create:
      body.kind = what::create;
      break;
    case from::list:
      body.kind = what::list;
      break;
    case from::remove:
      body.kind = what::remove;
      break;
    case from::dead:
      body.kind = what::dead;
      break;
    case from::replay:
      body.kind = what::replay;
      break;
    case from::resume:
      body.kind = what::resume;
      break;
    case from::post:
      answer(error{ec::invalid_message, "not with a session", {}}, false);
      return;
  }
  body.hook_id = wanted.hook_id;
  body.delivery_id = wanted.delivery_id;
  body.outgoing = wanted.outgoing;
  body.name = wanted.name;
  body.url = wanted.url;
  body.events = wanted.events;
  if (body.outgoing) {
    if (const auto url = web::parse_url(body.url); !url) {
      answer(url.error(), false);
      return;
    }
  }
  const bool is_action = body.kind != what::list && body.kind != what::dead;
  const bool is_told = is_action && acting_role() == protocol::user_role::admin;
  const auto j =
      begin_job(c->request.message_id, is_told ? audited(entry_of(wanted), answer) : answer);
  chat::origin asker{start_.user_id, {}, 0, acting_role()};
  if (is_action) {
    asker.message_id = c->request.message_id;
    // What is asked for, so that the same id for something else is found out.
    const auto text = std::to_string(static_cast<int>(body.kind)) + body.hook_id.str() +
                      body.delivery_id.str() + (body.outgoing ? "o" : "i") +
                      std::to_string(body.events) + body.name + "\n" + body.url;
    protocol::unsupported_request stand_in{"webhook " + text};
    asker.fingerprint = fingerprint_of(stand_in);
  }
  ask(wanted.room_id, env_->board.shard_of(wanted.room_id), asker, std::move(body), j->deadline,
      [j](const reply_body& reply) { finish(j, reply); });
}

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
/// Webhooks: who may make them, what comes in through them, and how far what goes out is. Sending
/// is webhook_sender.hpp's.

#include <utility>

#include "actors/room.hpp"
#include "chat/apply.hpp"
#include "protocol/codec.hpp"
#include "protocol/rate_refusal.hpp"
#include "security/tokens.hpp"
#include "telemetry/security_log.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

constexpr std::size_t secret_bytes = 32;

std::string to_hex(std::string_view bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += digits[static_cast<unsigned char>(c) >> 4U];
    text += digits[static_cast<unsigned char>(c) & 0xfU];
  }
  return text;
}

/// Without token and secret: they are shown once, by whoever has just made them.
protocol::webhook view_of(const chat::webhook& h) {
  using event = chat::webhook::event;
  using name = protocol::webhook_event;
  protocol::webhook v;
  v.id = h.id;
  v.room_id = h.room_id;
  v.name = h.name;
  v.created_by = h.created_by;
  v.created_at = h.created_at;
  if (h.kind == chat::webhook::what::outgoing) {
    v.kind = protocol::webhook_kind::outgoing;
    auto& s = v.sending.emplace();
    s.url = h.url;
    for (const auto& [bit, named] : {std::pair{event::message_received, name::message_received},
                                     std::pair{event::message_updated, name::message_updated},
                                     std::pair{event::room_event, name::room_event}}) {
      if ((h.events & bit_of(bit)) != 0) {
        s.events.push_back(named);
      }
    }
    s.delivered_seq = h.delivered_seq;
    s.failures = h.failures;
    s.paused = h.paused;
    s.paused_at = h.paused_at;
    s.last_error = h.last_error;
    s.dead_dropped = h.dead_dropped;
  }
  return v;
}

error wrong_token() {
  return {ec::unauthorized, "no webhook has this id and token", {}};
}

}  // namespace

// -- by members
// ------------------------------------------------------------------------------------

void room::on(const asked& a, const room_webhooks& c) {
  using what = room_webhooks::what;
  if (refuse(a, chat::action::webhooks)) {
    return;
  }
  const auto touched = [this, a](const chat::outcome& o, const proposal_result&) {
    place().env->hooks.touch(place().number, id());
    answer(a, answered{protocol::ok_response{}, o.duplicate});
  };
  switch (c.kind) {
    case what::create:
      create_webhook(a, c);
      break;
    case what::list:
      show_webhooks(a);
      break;
    case what::dead:
      show_dead(a, c.hook_id);
      break;
    case what::remove:
      propose_for(a, chat::delete_webhook{a.what->from, id(), c.hook_id}, touched);
      break;
    case what::replay:
      propose_for(a, chat::replay_webhook{a.what->from, id(), c.hook_id, c.delivery_id}, touched);
      break;
    case what::resume:
      propose_for(a, chat::replay_webhook{a.what->from, id(), c.hook_id, {}}, touched);
      break;
  }
}

void room::create_webhook(const asked& a, const room_webhooks& c) {
  chat::create_webhook command{a.what->from, {}};
  auto& hook = command.hook;
  hook.id = ids_(now_ms());
  hook.room_id = id();
  hook.name = c.name;
  std::string secret;
  if (c.outgoing) {
    hook.kind = chat::webhook::what::outgoing;
    hook.url = c.url;
    hook.events = c.events;
    hook.secret = to_hex(security::random_bytes(secret_bytes));
    secret = hook.secret;
  } else {
    // Made like a refresh token: it leads to the room and the webhook by itself.
    const auto token = security::make_refresh_token(id(), hook.id);
    hook.token_hash = token.hash;
    secret = token.text;
  }
  propose_for(
      a, std::move(command), [this, a, secret](const chat::outcome& o, const proposal_result&) {
        const auto& made = std::get<chat::webhook_changed>(o.answer).hook;
        auto view = view_of(made);
        if (!o.duplicate) {
          (view.sending ? view.secret : view.token) = secret;
        }
        place().env->hooks.touch(place().number, id());
        answer(a, answered{protocol::webhook_response{std::move(view), {}, {}}, o.duplicate});
      });
}

void room::show_webhooks(const asked& a) {
  std::vector<protocol::webhook> all;
  for (const auto& hook : reader().webhooks_of(id())) {
    all.push_back(view_of(hook));
  }
  answer(a, answered{protocol::webhook_response{{}, std::move(all), {}}, false});
}

void room::show_dead(const asked& a, const uuid& hook_id) {
  if (!reader().find_webhook(id(), hook_id)) {
    answer(a, invalid_field("webhook_id", "this room has no such webhook").value());
    return;
  }
  std::vector<protocol::webhook_delivery> all;
  for (const auto& d : reader().dead_of(hook_id)) {
    const auto status = d.status == 0 ? std::nullopt : std::optional(d.status);
    all.push_back({d.id, d.seq, d.given_up_at, d.attempts, status, d.failure, d.replay});
  }
  answer(a, answered{protocol::webhook_response{{}, {}, std::move(all)}, false});
}

// -- from outside
// ----------------------------------------------------------------------------------

/// The message is its maker's: what he may not say any more, his webhook may not say either, and
/// every reader knows the account. What made it is in its metadata.
void room::on(const asked& a, const room_hook_post& c) {
  const auto hook = reader().find_webhook(id(), c.hook_id);
  const bool incoming = hook && hook->kind == chat::webhook::what::incoming;
  // Compared in any case, so that a wrong id costs what a wrong token does.
  const auto known = incoming ? hook->token_hash : chat::secret_hash{};
  if (!security::same_secret(known, c.token_hash) || !incoming) {
    answer(a, wrong_token());
    return;
  }
  if (const auto wait_ms = place().env->limiter.take(hook->id, clock::now())) {
    telemetry::note_security(
        {.what = "rate_limited",
         .text = "too many messages a minute through webhook " + hook->id.str(),
         .user = hook->created_by.str(),
         .of = hook->id.str(),
         .per_minute = 1});
    answer(a, rate_refusal("too many messages a minute through this webhook",
                           "limits.messages_per_minute", wait_ms));
    return;
  }
  chat::send_message command;
  command.from = a.what->from;
  command.from.user_id = hook->created_by;
  command.from.message_id = uuid::v5(hook->id, c.key.str());
  command.id = ids_(now_ms());
  command.what = c.what;
  command.what.room_id = id();
  if (!command.what.metadata.is_object()) {
    command.what.metadata = json::object();
  }
  command.what.metadata["webhook"] = {{"id", hook->id.str()},
                                      {"name", c.username.empty() ? hook->name : c.username}};
  // Whoever's account is closed stays on the room's list, but says nothing any more.
  with_user(a, hook->created_by, [this, a, command = std::move(command)] {
    propose_for(a, command, [this, a](const chat::outcome& o, const proposal_result& r) {
      const auto& w = std::get<chat::message_written>(o.answer);
      answer(a, answered{protocol::message_ack{.room_id = w.room_id,
                                               .id = w.id,
                                               .seq = w.seq,
                                               .created_at = w.created_at,
                                               .term = w.term,
                                               .replicas = r.replicas},
                         o.duplicate});
    });
  });
}

// -- from the sender
// -------------------------------------------------------------------------------

void room::on(const asked& a, const room_hook_advance& c) {
  propose_for(
      a, chat::advance_webhook{id(), c.hook_id, c.seq, c.dead, c.settled, c.failures, c.paused},
      [this, a](const chat::outcome&, const proposal_result&) { answer(a, actors::done{}); });
}

}  // namespace greenroom::actors

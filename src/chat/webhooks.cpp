// SPDX-License-Identifier: MIT

// What connects rooms with other programs: who may make it, and how far deliveries are.

#include <algorithm>

#include "chat/rules.hpp"

namespace greenroom::chat {

uuid delivery_id_of(const uuid& hook_id, std::uint64_t seq) {
  return uuid::v5(hook_id, std::to_string(seq));
}

}  // namespace greenroom::chat

namespace greenroom::chat::rules {

namespace {

error no_such_hook() {
  return refusal(ec::invalid_message, "this room has no such webhook", "webhook_id");
}

/// The room, when this person may do something with its webhooks.
expected<room> find_room_for(context& c, const uuid& room_id, const origin& from) {
  auto r = find_open_room(c, room_id);
  if (!r) return r;
  if (auto bad = may(action::webhooks, *r, person_in(c, *r, from.user_id, from.role)))
    return tl::unexpected(*bad);
  return r;
}

/// What was kept of the oldest events goes first.
void bury(context& c, webhook& h, const dead_delivery& d) {
  auto buried = d;
  buried.hook_id = h.id;
  buried.id = delivery_id_of(h.id, d.seq);
  buried.given_up_at = c.now;
  const auto kept = c.s.first_dead(h.id, dead_deliveries_max + 1);
  const bool is_new = std::none_of(kept.begin(), kept.end(),
                                   [&](const dead_delivery& k) { return k.id == buried.id; });
  if (is_new && kept.size() >= dead_deliveries_max) {
    const auto oldest = std::min_element(
        kept.begin(), kept.end(),
        [](const dead_delivery& a, const dead_delivery& b) { return a.seq < b.seq; });
    c.s.erase_dead(h.id, oldest->id);
    ++h.dead_dropped;
  }
  c.s.put_dead(buried);
  h.last_error = d.failure;
}

}  // namespace

void erase_webhook(context& c, const uuid& room_id, const uuid& hook_id) {
  for (const auto& d : c.s.first_dead(hook_id, dead_deliveries_max + 1))
    c.s.erase_dead(hook_id, d.id);
  c.s.erase_webhook(room_id, hook_id);
}

result decide(context& c, const create_webhook& cmd) {
  const auto& room_id = cmd.hook.room_id;
  auto again = repeated(c, cmd.from, [&](const dedup& first) -> result {
    auto hook = c.s.find_webhook(room_id, first.object_id);
    if (!hook) return no_such_hook();
    return webhook_changed{std::move(*hook)};
  });
  if (again) return *again;
  const auto r = find_room_for(c, room_id, cmd.from);
  if (!r) return r.error();
  if (c.s.first_webhooks(room_id, webhooks_per_room_max).size() >= webhooks_per_room_max) {
    auto e = refusal(ec::too_large, "this room has too many webhooks", "room_id");
    e.details.limit = static_cast<std::int64_t>(webhooks_per_room_max);
    return e;
  }
  auto hook = cmd.hook;
  hook.created_by = cmd.from.user_id;
  hook.created_at = c.now;
  // What was there before is not delivered.
  hook.delivered_seq = r->last_seq;
  c.s.put_webhook(hook);
  remember(c, cmd.from, hook.id, room_id, r->last_seq);
  return webhook_changed{std::move(hook)};
}

result decide(context& c, const delete_webhook& cmd) {
  auto again = repeated(c, cmd.from, [](const dedup&) { return result{done{}}; });
  if (again) return *again;
  const auto r = find_room_for(c, cmd.room_id, cmd.from);
  if (!r) return r.error();
  if (!c.s.find_webhook(cmd.room_id, cmd.hook_id)) return no_such_hook();
  erase_webhook(c, cmd.room_id, cmd.hook_id);
  remember(c, cmd.from, cmd.hook_id, cmd.room_id, r->last_seq);
  return done{};
}

/// Two leaders may both have delivered; the larger seq is the truth, and what is dead is dead once.
result decide(context& c, const advance_webhook& cmd) {
  auto hook = c.s.find_webhook(cmd.room_id, cmd.hook_id);
  if (!hook) return no_such_hook();
  for (const auto& d : cmd.dead)
    bury(c, *hook, d);
  for (const auto& id : cmd.settled)
    c.s.erase_dead(cmd.hook_id, id);
  hook->delivered_seq = std::max(hook->delivered_seq, cmd.seq);
  hook->failures = cmd.failures;
  // Whoever delivers may not have heard yet that its maker has gone.
  const bool paused = cmd.paused || hook->maker_gone;
  if (paused && !hook->paused) hook->paused_at = c.now;
  hook->paused = paused;
  c.s.put_webhook(*hook);
  return webhook_changed{std::move(*hook)};
}

result decide(context& c, const replay_webhook& cmd) {
  auto again = repeated(c, cmd.from, [](const dedup&) { return result{done{}}; });
  if (again) return *again;
  const auto r = find_room_for(c, cmd.room_id, cmd.from);
  if (!r) return r.error();
  auto hook = c.s.find_webhook(cmd.room_id, cmd.hook_id);
  if (!hook) return no_such_hook();
  if (cmd.delivery_id) {
    auto dead = c.s.find_dead(cmd.hook_id, *cmd.delivery_id);
    if (!dead) return refusal(ec::invalid_message, "no such delivery was given up", "delivery_id");
    dead->replay = true;
    c.s.put_dead(*dead);
  } else {
    hook->paused = false;
    hook->paused_at = 0;
    hook->maker_gone = false;
    hook->failures = 0;
    c.s.put_webhook(*hook);
  }
  remember(c, cmd.from, cmd.hook_id, cmd.room_id, r->last_seq);
  return webhook_changed{std::move(*hook)};
}

}  // namespace greenroom::chat::rules

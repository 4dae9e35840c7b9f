// SPDX-License-Identifier: MIT

// What a closed account leaves behind in rooms. Its own shard tells its rooms, a few at a time, and
// each room does its part: what he had made stops, and who was erased leaves. A room that is told
// twice finds nothing to do.

#include "chat/rules.hpp"

namespace greenroom::chat::rules {

namespace {

/// Why it sends nothing any more, for who looks at the room's webhooks.
constexpr const char* maker_closed = "the account of who made it was closed";

void stop_webhooks(context& c, const room& r, const uuid& user_id) {
  for (auto hook : c.s.first_webhooks(r.id, webhooks_per_room_max)) {
    if (hook.kind != webhook::what::outgoing || hook.created_by != user_id || hook.maker_gone)
      continue;
    hook.maker_gone = true;
    hook.last_error = maker_closed;
    if (!hook.paused) hook.paused_at = c.now;
    hook.paused = true;
    c.s.put_webhook(hook);
  }
}

/// As if he left; also as the last owner, because nobody can be asked any more. A direct room
/// stays what it is for the other one.
void leave_for_good(context& c, room& r, const uuid& user_id) {
  if (r.type == room_type::direct) return;
  if (r.everybody) {
    c.s.erase_member(r.id, user_id);  // how far he had read
    return;
  }
  if (const auto self = c.s.find_member(r.id, user_id)) {
    exit(c, r, *self);
  } else {
    const auto known = c.s.find_outsider(r.id, user_id);
    if (!known) return;
    c.s.erase_outsider(r.id, user_id);
    if (known->is != outsider::standing::invited) return;
  }
  write_entry(c, r, membership_entry(room_event_kind::left, user_id, user_id), std::nullopt);
  emit_user_room(c, r, user_id, user_room::standing::left);
}

}  // namespace

void tell_rooms_later(context& c, user& account) {
  account.leaving = true;
  account.told_room = {};
  outbox_item item;
  item.target = account.id;
  item.kind = outbox_item::what::sweep_user;
  item.user_id = account.id;
  emit(c, std::move(item));
}

result decide(context& c, const sweep_user& cmd) {
  using enum room_swept::left;
  auto account = c.s.find_user(cmd.user_id);
  if (!account || !account->deactivated || !account->leaving) return room_swept{nothing};
  const auto page = c.s.user_rooms_after(account->id, account->told_room, told_rooms_max);
  for (const auto& line : page) {
    outbox_item item;
    item.target = line.room_id;
    item.kind =
        account->erased ? outbox_item::what::person_erased : outbox_item::what::person_closed;
    item.user_id = account->id;
    emit(c, std::move(item));
  }
  const bool over = page.size() < told_rooms_max;
  account->leaving = !over;
  account->told_room = over ? uuid{} : page.back().room_id;
  c.s.put_user(*account);
  return room_swept{over ? nothing : people};
}

result decide(context& c, const close_person& cmd) {
  auto r = find_open_room(c, cmd.room_id);
  if (!r) return done{};  // it has gone, and he with it
  stop_webhooks(c, *r, cmd.user_id);
  if (cmd.erased) leave_for_good(c, *r, cmd.user_id);
  return done{};
}

}  // namespace greenroom::chat::rules

// SPDX-License-Identifier: MIT

// What a room is: its name and settings, and its end.

#include <algorithm>

#include "chat/rules.hpp"

namespace greenroom::chat::rules {

namespace {

/// Whether everything that is to be changed may be changed by this person.
std::optional<error> may_update(const room& r, const person& who,
                                const protocol::update_room_request& what) {
  const auto check = [&](bool asked, action for_it, const char* field) -> std::optional<error> {
    if (!asked) return std::nullopt;
    auto bad = may(for_it, r, who);
    if (bad && bad->code == ec::forbidden) bad->details.field = field;
    return bad;
  };
  // Nothing to change needs the least of these rights.
  const bool nothing =
      !what.name && !what.description && !what.topic && !what.archived && !what.retention;
  if (auto bad = check(nothing, action::set_topic, "room_id")) return bad;
  if (auto bad = check(what.name.has_value(), action::set_details, "name")) return bad;
  if (auto bad = check(what.description.has_value(), action::set_details, "description"))
    return bad;
  if (auto bad = check(what.topic.has_value(), action::set_topic, "topic")) return bad;
  if (auto bad = check(what.archived.has_value(), action::archive, "archived")) return bad;
  return check(what.retention.has_value(), action::set_retention, "retention");
}

/// Whether anything is another now.
bool take_over(room& r, const protocol::update_room_request& what) {
  bool changed = false;
  const auto set = [&](auto& to, const auto& from) {
    if (!from || *from == to) return;
    to = *from;
    changed = true;
  };
  set(r.name, what.name);
  set(r.description, what.description);
  set(r.topic, what.topic);
  set(r.archived, what.archived);
  set(r.retention, what.retention);
  return changed;
}

/// People go first: what is gone must not stay on anybody's list. False: there are more.
bool sweep_people(context& c, room& r) {
  std::size_t budget = swept_people_max;
  const bool was_seen = r.restored.is != restoration::what::given_up;
  for (const auto& m : c.s.first_members(r.id, budget)) {
    c.s.erase_member(r.id, m.user_id);
    if (was_seen) emit_user_room(c, r, m.user_id, user_room::standing::left);
    --budget;
  }
  if (budget == 0) return false;
  for (const auto& o : c.s.first_outsiders(r.id, budget)) {
    c.s.erase_outsider(r.id, o.user_id);
    if (o.is == outsider::standing::invited)
      emit_user_room(c, r, o.user_id, user_room::standing::left);
    --budget;
  }
  return budget > 0;
}

/// By seq, not by searching for the first one: what was erased a moment ago is slow to skip.
void sweep_content(context& c, room& r) {
  r.swept_seq = std::max(r.swept_seq, r.purged_seq);
  const auto end = std::min<std::uint64_t>(r.last_seq, r.swept_seq + swept_records_max);
  while (r.swept_seq < end) {
    const auto seq = ++r.swept_seq;
    if (const auto m = c.s.find_message(r.id, seq)) {
      c.s.erase_message(*m);
      if (m->deleted_at == 0) c.s.erase_reactions(reactions_key(r, m->id));
      const auto sent = sent_mark_id(m->sender_id, m->message_id);
      if (c.s.find_device_mark(r.id, sent)) c.s.erase_device_mark(r.id, sent);
    }
    c.s.erase_entry(r.id, seq);
  }
}

/// What is left of them when the messages are gone: one per device. False: there are more.
bool sweep_devices(context& c, const room& r) {
  const auto marks = c.s.first_device_marks(r.id, swept_records_max);
  for (const auto& m : marks)
    c.s.erase_device_mark(r.id, m.id);
  return marks.size() < swept_records_max;
}

bool has_content(const context& c, const room& r) {
  return r.swept_seq < r.last_seq || !c.s.first_device_marks(r.id, 1).empty();
}

}  // namespace

result decide(context& c, const update_room& cmd) {
  auto again = repeated(c, cmd.from, [&](const dedup& first) -> result {
    auto now = find_open_room(c, first.object_id);
    if (!now) return now.error();
    // Who has left since sees no more of it than any stranger.
    if (auto bad = may(action::see, *now, person_in(c, *now, cmd.from.user_id, cmd.from.role)))
      return *bad;
    return room_updated{std::move(*now)};
  });
  if (again) return *again;

  auto r = find_open_room(c, cmd.what.room_id);
  if (!r) return r.error();
  const auto& by = cmd.from.user_id;
  if (auto bad = may_update(*r, person_in(c, *r, by, cmd.from.role), cmd.what)) return *bad;
  if (take_over(*r, cmd.what))
    write_entry(c, *r, membership_entry(room_event_kind::updated, by, by), std::nullopt);
  remember(c, cmd.from, r->id, r->id, r->last_seq);
  return room_updated{std::move(*r)};
}

/// From here on nobody sees it any more; its data goes bit by bit. The record stays, so that its
/// alias is never given out again.
result decide(context& c, const delete_room& cmd) {
  auto again = repeated(c, cmd.from, [](const dedup&) { return result{done{}}; });
  if (again) return *again;
  auto r = find_open_room(c, cmd.room_id);
  if (!r) return r.error();
  const auto& by = cmd.from.user_id;
  if (auto bad = may(action::delete_room, *r, person_in(c, *r, by, cmd.from.role))) return *bad;
  r->deleted = true;
  write_entry(c, *r, membership_entry(room_event_kind::deleted, by, by), std::nullopt);
  outbox_item item;
  item.target = r->id;
  item.kind = outbox_item::what::sweep_room;
  emit(c, std::move(item));
  remember(c, cmd.from, r->id, r->id, r->last_seq);
  return done{};
}

result decide(context& c, const sweep_room& cmd) {
  auto r = c.s.find_room(cmd.room_id);
  using enum room_swept::left;
  if (r && !r->deleted && r->restored.is == restoration::what::telling) return tell_restored(c, *r);
  // What is being restored is nobody's to empty, until it is given up.
  const bool fills = r && (r->restored.is == restoration::what::filling ||
                           r->restored.is == restoration::what::people);
  if (!r || !r->deleted || fills) return room_swept{nothing};
  if (!sweep_people(c, *r)) return room_swept{people};
  if (!cmd.content) return room_swept{has_content(c, *r) ? content : nothing};
  sweep_content(c, *r);
  const bool over = r->swept_seq == r->last_seq && sweep_devices(c, *r);
  if (over) {
    for (const auto& hook : c.s.first_webhooks(r->id, webhooks_per_room_max))
      erase_webhook(c, r->id, hook.id);
    r->name.clear();
    r->description.clear();
    r->topic.clear();
    r->first_members.clear();
    r->member_count = r->owner_count = 0;
    r->last_message_at = 0;
    r->retention = {};
    if (r->restored.is == restoration::what::given_up) r->restored.is = restoration::what::erased;
  }
  c.s.put_room(*r);
  return room_swept{over ? nothing : content};
}

}  // namespace greenroom::chat::rules

// SPDX-License-Identifier: MIT

// What the server has to say: messages of type system, from nobody.

#include "chat/rules.hpp"

namespace greenroom::chat::rules {

namespace {

/// A server admin, or an operator (who is nobody here).
std::optional<error> may_announce(const origin& from) {
  if (from.user_id.is_nil() || from.role == user_role::admin) return std::nullopt;
  return refusal(ec::forbidden, "only server admins may do this");
}

/// The rooms of the server have no creator and no owner: who is in one is a guest, who reads.
room server_room(const announce& cmd, unix_ms now) {
  room r;
  r.id = cmd.room_id;
  r.name = "Announcements";
  r.type = cmd.user_id.is_nil() ? room_type::open : room_type::group;
  r.is_private = !cmd.user_id.is_nil();
  r.everybody = cmd.everybody;
  r.created_at = now;
  return r;
}

/// Puts the one whom it is for into his room: when it is made, and when he has left it since.
void bring_in(context& c, room& r, const uuid& user_id, room_event_kind event) {
  enter(c, r, user_id, member_role::guest, r.last_seq + 1);
  write_entry(c, r, membership_entry(event, {}, user_id), std::nullopt);
  emit_user_room(c, r, user_id, user_room::standing::joined);
}

/// A room of when people had to join it. Who did keeps how far he has read.
void let_everybody_in(room& r) {
  r.everybody = true;
  r.member_count = r.owner_count = 0;
  r.first_members.clear();
}

message message_of(const context& c, const announce& cmd, const room& r) {
  message m;
  m.id = cmd.id;
  m.message_id = cmd.from.message_id;
  m.room_id = r.id;
  m.seq = r.last_seq + 1;
  m.type = message_type::system;
  m.content = cmd.content;
  m.created_at = c.now;
  return m;
}

}  // namespace

result decide(context& c, const announce& cmd) {
  auto again = repeated(c, cmd.from, written_before);
  if (again) return *again;
  if (auto bad = may_announce(cmd.from)) return *bad;
  if (cmd.content.empty())
    return refusal(ec::invalid_message, "an announcement has content", "content");
  auto r = find_made(c, cmd.room_id);
  if (r && r->deleted && cmd.of_server)
    return refusal(ec::conflict, "the room of these announcements was deleted", "target");
  // Direct rooms are nobody else's business.
  if (!cmd.of_server && (!r || r->deleted || r->type == room_type::direct))
    return refusal(ec::room_not_found, "no such room", "id");
  if (r && r->archived) return refusal(ec::conflict, "the room is archived", "id");

  const bool for_one = cmd.of_server && !cmd.user_id.is_nil();
  if (!r) {
    r = server_room(cmd, c.now);
    if (for_one) {
      bring_in(c, *r, cmd.user_id, room_event_kind::created);
    } else {
      write_entry(c, *r, membership_entry(room_event_kind::created, {}, {}), std::nullopt);
    }
  } else if (for_one && !c.s.find_member(r->id, cmd.user_id)) {
    bring_in(c, *r, cmd.user_id, room_event_kind::joined);
  }
  if (cmd.everybody && !r->everybody) let_everybody_in(*r);
  const auto m = message_of(c, cmd, *r);
  c.s.put_message(m);
  r->last_message_at = c.now;
  room_entry e;
  e.kind = room_entry::what::message;
  e.message_seq = m.seq;
  write_entry(c, *r, e, m);
  remember(c, cmd.from, m.id, r->id, m.seq);
  return message_written{r->id, m.id, m.seq, m.created_at, c.term};
}

}  // namespace greenroom::chat::rules

// SPDX-License-Identifier: MIT

// Messages, and the order that everything in a room is in.

#include "chat/rules.hpp"

namespace greenroom::chat {

std::optional<error> may_send(const room& r, const std::optional<member>& m) {
  return may(action::send, r, m ? person{membership::member, m->role} : person{});
}

std::optional<error> may_read(const std::optional<room>& r, const std::optional<member>& m) {
  if (!r) return rules::refusal(ec::room_not_found, "no such room", "room_id");
  return may(action::read, *r, m ? person{membership::member, m->role} : person{});
}

std::optional<error> may_read(const std::optional<room>& r, const person& who) {
  return r ? may(action::read, *r, who) : may_read(r, std::nullopt);
}

}  // namespace greenroom::chat

namespace greenroom::chat::rules {

namespace {

bool changes_membership(room_event_kind kind) {
  return kind == room_event_kind::joined || kind == room_event_kind::left ||
         kind == room_event_kind::removed || kind == room_event_kind::banned;
}

std::optional<error> check_references(const context& c,
                                      const protocol::send_message_request& what) {
  if (what.reply_to && !c.s.find_message_seq(what.room_id, *what.reply_to))
    return refusal(ec::message_not_found, "no such message in this room", "reply_to");
  if (!what.thread) return std::nullopt;
  const auto seq = c.s.find_message_seq(what.room_id, *what.thread);
  const auto first = seq ? c.s.find_message(what.room_id, *seq) : std::nullopt;
  if (!first) return refusal(ec::message_not_found, "no such message in this room", "thread");
  if (first->thread)
    return refusal(ec::invalid_message, "a thread begins at a message that is in none", "thread");
  return std::nullopt;
}

std::optional<error> check_type(const protocol::send_message_request& what) {
  switch (what.type) {
    case message_type::text:
      if (what.content.empty())
        return refusal(ec::invalid_message, "a text message has content", "content");
      return std::nullopt;
    case message_type::image:
    case message_type::file:
      // There are no files yet, so none can be the right one.
      return refusal(ec::file_not_found, "no such file in this room", "metadata.file_id");
    case message_type::system:
      break;
  }
  return refusal(ec::invalid_message, "only the server sends these", "message_type");
}

message message_of(const context& c, const send_message& cmd, const room& r, bool calls_all) {
  message m;
  m.id = cmd.id;
  m.message_id = cmd.from.message_id;
  m.room_id = r.id;
  m.seq = r.last_seq + 1;
  m.sender_id = cmd.from.user_id;
  m.type = cmd.what.type;
  m.content = cmd.what.content;
  m.metadata = cmd.what.metadata;
  m.reply_to = cmd.what.reply_to;
  m.thread = cmd.what.thread;
  m.mentions = mentions_in(c, r.id, m.content, calls_all);
  m.created_at = c.now;
  return m;
}

}  // namespace

void write_entry(context& c, room& r, room_entry e, const std::optional<message>& object) {
  e.seq = ++r.last_seq;
  e.time = c.now;
  auto event = event_of(r, e, object);
  link(r, e, event);
  c.s.append_entry(r.id, e);
  c.s.put_room(r);
  if (!event) return;
  room_change change{r.id, e.seq, std::move(*event), std::nullopt};
  if (e.kind == room_entry::what::membership && changes_membership(e.event))
    change.user_id = e.user_id;
  c.out.changes.push_back(std::move(change));
}

result decide(context& c, const send_message& cmd) {
  auto again = repeated(c, cmd.from, written_before);
  if (again) return *again;

  auto r = c.s.find_room(cmd.what.room_id);
  if (!r) return refusal(ec::room_not_found, "no such room", "room_id");
  const auto who = person_in(c, *r, cmd.from.user_id, cmd.from.role);
  if (auto bad = may(action::send, *r, who)) return *bad;
  if (auto said = device_says(c, cmd)) return *said;
  if (auto bad = check_type(cmd.what)) return *bad;
  if (auto bad = check_references(c, cmd.what)) return *bad;

  const auto m = message_of(c, cmd, *r, !may(action::mention_all, *r, who));
  c.s.put_message(m);
  r->last_message_at = c.now;
  room_entry e;
  e.by = m.sender_id;
  e.kind = room_entry::what::message;
  e.message_seq = m.seq;
  write_entry(c, *r, e, m);
  // The sender's cursors stay: that he knows his own message is computed where status is.
  note_device(c, cmd, m);
  remember(c, cmd.from, m.id, r->id, m.seq);
  return message_written{r->id, m.id, m.seq, m.created_at, c.term};
}

}  // namespace greenroom::chat::rules

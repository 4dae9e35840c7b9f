// SPDX-License-Identifier: MIT

// Records as clients see them, and the events that entries are.

#include "chat/apply.hpp"

namespace greenroom::chat {

protocol::user view(const user& u, bool own, bool online) {
  protocol::user v;
  v.id = u.id;
  v.username = u.username;
  v.display_name = u.display_name;
  v.avatar_url = u.avatar_url;
  v.is_online = online;
  v.last_seen = u.last_seen;
  v.created_at = u.created_at;
  v.role = u.role;
  if (own) v.email = u.email;
  return v;
}

protocol::room view(const room& r, bool with_members) {
  protocol::room v;
  v.id = r.id;
  v.name = r.name;
  v.alias = r.alias;
  v.description = r.description;
  v.topic = r.topic;
  v.type = r.type;
  v.is_private = r.is_private;
  v.archived = r.archived;
  if (with_members) v.members = r.first_members;
  v.member_count = r.member_count;
  v.created_by = r.created_by;
  v.created_at = r.created_at;
  v.last_message_at = r.last_message_at;
  v.last_seq = r.last_seq;
  if (r.retention != protocol::room_retention{}) v.retention = r.retention;
  return v;
}

protocol::message view(const message& m) {
  protocol::message v;
  v.id = m.id;
  v.message_id = m.message_id;
  v.room_id = m.room_id;
  v.seq = m.seq;
  v.sender_id = m.sender_id;
  v.type = m.type;
  v.content = m.content;
  v.metadata = m.metadata;
  v.reply_to = m.reply_to;
  v.thread = m.thread;
  v.mentions = m.mentions;
  v.pinned = m.pinned;
  v.created_at = m.created_at;
  v.edited_at = m.edited_at;
  v.deleted_at = m.deleted_at;
  v.reactions = m.reactions;
  return v;
}

namespace {

/// Nobody may miss a seq, so there is something to tell also when the message has gone.
protocol::event_envelope taken_away(const room& r, const room_entry& e) {
  protocol::message m;
  m.room_id = r.id;
  m.seq = e.message_seq;
  m.deleted_at = e.time;
  return {e.time, protocol::message_updated{r.id, e.seq, e.by, protocol::message_change::deleted,
                                            std::string{}, std::move(m)}};
}

}  // namespace

std::optional<protocol::event_envelope> event_of(const room& r, const room_entry& e,
                                                 const std::optional<message>& object) {
  switch (e.kind) {
    case room_entry::what::message:
      if (!object) return std::nullopt;
      return protocol::event_envelope{e.time,
                                      protocol::message_received{r.id, e.seq, view(*object)}};
    case room_entry::what::message_change:
      if (!object) return taken_away(r, e);
      return protocol::event_envelope{
          e.time, protocol::message_updated{r.id, e.seq, e.by, e.change, e.emoji, view(*object)}};
    case room_entry::what::membership:
      return protocol::event_envelope{
          e.time, protocol::room_event{r.id, e.seq, e.event, e.user_id, e.by, view(r, false)}};
  }
  return std::nullopt;
}

}  // namespace greenroom::chat

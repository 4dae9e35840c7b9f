// SPDX-License-Identifier: MIT

// The chain that each room's log is: what was written can be checked later, by who has the head.

#include "chat/rules.hpp"

namespace greenroom::chat {

namespace {

std::uint8_t number(auto enumerator) {
  return static_cast<std::uint8_t>(enumerator);
}

/// The message that the entry says something new about; null: it does not.
const protocol::message* said_in(const room_entry& e,
                                 const std::optional<protocol::event_envelope>& event) {
  if (!event) return nullptr;
  if (const auto* m = std::get_if<protocol::message_received>(&event->data)) return &m->message;
  const auto* u = std::get_if<protocol::message_updated>(&event->data);
  const bool says =
      e.change == protocol::message_change::edited || e.change == protocol::message_change::deleted;
  return u != nullptr && says ? &u->message : nullptr;
}

}  // namespace

protocol::digest digest_of(const room_entry& e) {
  return protocol::entry_digest({.seq = e.seq,
                                 .time = e.time,
                                 .by = e.by,
                                 .kind = number(e.kind),
                                 .message_seq = e.message_seq,
                                 .change = number(e.change),
                                 .emoji = e.emoji,
                                 .event = number(e.event),
                                 .user_id = e.user_id,
                                 .content = e.content});
}

namespace rules {

void link(room& r, room_entry& e, const std::optional<protocol::event_envelope>& event) {
  if (r.chain_from == 0) r.chain_from = e.seq;
  if (e.kind == room_entry::what::message) ++r.message_count;
  if (const auto* m = said_in(e, event)) e.content = protocol::content_digest(*m);
  e.digest = digest_of(e);
  r.chain = protocol::chained(r.chain, e.digest);
}

}  // namespace rules

}  // namespace greenroom::chat

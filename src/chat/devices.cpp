// SPDX-License-Identifier: MIT

// device_seq: what one device sends into one room is in order and there once, however late a repeat
// comes. Beside the 24 h for which every message_id is remembered, so this looks into the log.

#include "chat/rules.hpp"

namespace greenroom::chat::rules {

namespace {

/// The acknowledgement of the message that this message_id has led to, whatever its age.
std::optional<result> sent_before(const context& c, const send_message& cmd) {
  const auto& room_id = cmd.what.room_id;
  const auto sent =
      c.s.find_device_mark(room_id, sent_mark_id(cmd.from.user_id, cmd.from.message_id));
  const auto m = sent ? c.s.find_message(room_id, sent->number) : std::nullopt;
  if (!m) return std::nullopt;
  return message_written{room_id, m->id, m->seq, m->created_at, sent->raft_term};
}

}  // namespace

std::optional<result> device_says(context& c, const send_message& cmd) {
  if (!cmd.what.device_seq) return std::nullopt;
  if (cmd.device_id.empty())
    return refusal(ec::invalid_message, "it needs a device_id, given when authenticating",
                   "device_seq");
  const auto last =
      c.s.find_device_mark(cmd.what.room_id, device_mark_id(cmd.from.user_id, cmd.device_id));
  if (!last || *cmd.what.device_seq > last->number) return std::nullopt;
  if (auto first = sent_before(c, cmd)) {
    c.out.duplicate = true;
    return first;
  }
  return refusal(ec::conflict, "the device has sent this or a later one already", "device_seq");
}

void note_device(context& c, const send_message& cmd, const message& m) {
  if (!cmd.what.device_seq) return;
  c.s.put_device_mark({.room_id = m.room_id,
                       .id = device_mark_id(cmd.from.user_id, cmd.device_id),
                       .number = *cmd.what.device_seq,
                       .raft_term = 0});
  if (cmd.from.message_id.is_nil()) return;
  c.s.put_device_mark({.room_id = m.room_id,
                       .id = sent_mark_id(cmd.from.user_id, cmd.from.message_id),
                       .number = m.seq,
                       .raft_term = c.term});
}

}  // namespace greenroom::chat::rules

// SPDX-License-Identifier: MIT

// What was answered before, so that a repeated request has one effect.

#include "chat/rules.hpp"

namespace greenroom::chat::rules {

std::optional<dedup> remembered(const context& c, const origin& from) {
  if (from.message_id.is_nil()) return std::nullopt;
  auto found = c.s.find_dedup(from.user_id, from.message_id);
  if (found && c.now - found->time >= dedup_window_ms) return std::nullopt;
  return found;
}

void remember(context& c, const origin& from, const uuid& object_id, const uuid& room_id,
              std::uint64_t seq, unix_ms object_time) {
  if (from.message_id.is_nil()) return;
  c.s.put_dedup({.user_id = from.user_id,
                 .message_id = from.message_id,
                 .fingerprint = from.fingerprint,
                 .time = c.now,
                 .object_id = object_id,
                 .room_id = room_id,
                 .seq = seq,
                 .raft_term = c.term,
                 .object_time = object_time});
}

}  // namespace greenroom::chat::rules

// SPDX-License-Identifier: MIT
/// What one person has said in the room, for himself: a part of what is kept of him.

#include <algorithm>

#include "actors/room.hpp"
#include "chat/apply.hpp"
#include "protocol/codec.hpp"

namespace greenroom::actors {

namespace {

/// A part looks at so many messages, whoever sent them, and is about as large.
constexpr std::size_t looked_at_max = 1000;
constexpr std::size_t part_bytes_max = 512 * 1024;

std::string line_of(const chat::message& m) {
  const nlohmann::ordered_json line{
      {"line", "message"},
      {"message",
       protocol::answer_to_json(protocol::message_response{chat::view(m)}, false)["message"]}};
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

/// Also of who has left since: they are his own words.
void room::export_messages(const asked& a, const room_export& c) {
  const auto& from = a.what->from;
  if (from.user_id != c.sender && from.role != chat::user_role::admin) {
    answer(a, error{ec::forbidden, "only one's own messages", {}});
    return;
  }
  if (!room_ || room_->deleted) {
    answer(a, *chat::may_read(std::nullopt, std::nullopt));
    return;
  }
  const auto after = std::max(c.after_seq.value_or(0), room_->purged_seq);
  const auto limit = std::clamp<std::size_t>(c.limit, 1, 500);
  const auto page = reader().after(id(), after, looked_at_max);
  protocol::room_export_response part;
  std::size_t lines = 0;
  auto at = after;
  bool is_full = false;
  for (const auto& m : page.messages) {
    if (m.sender_id == c.sender) {
      if (lines == limit || part.lines.size() >= part_bytes_max) {
        is_full = true;
        break;
      }
      part.lines += line_of(m);
      ++lines;
    }
    at = m.seq;
  }
  if (is_full || page.has_more) {
    part.next = "after_seq=" + std::to_string(at);
  }
  answer(a, answered{std::move(part), false});
}

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT

// What one shard tells another.

#include "chat/rules.hpp"

namespace greenroom::chat::rules {

void emit(context& c, outbox_item item) {
  item.id = c.s.append_outbox(item);
  c.out.outbox.push_back(std::move(item));
}

void emit_user_room(context& c, const room& r, const uuid& user_id, user_room::standing standing) {
  outbox_item item;
  item.target = user_id;
  item.kind = outbox_item::what::user_room;
  item.user_id = user_id;
  item.line = {.user_id = user_id,
               .room_id = r.id,
               .state = standing,
               .entry_seq = r.last_seq,
               .partner = {}};
  if (r.type == room_type::direct)
    for (const auto& one : r.first_members)
      if (one != user_id) item.line.partner = one;
  emit(c, std::move(item));
}

result decide(context& c, const forget_outbox& cmd) {
  for (const auto id : cmd.ids)
    c.s.erase_outbox(id);
  return done{};
}

}  // namespace greenroom::chat::rules

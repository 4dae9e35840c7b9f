// SPDX-License-Identifier: MIT

// What becomes of a room that is being restored (restoring.cpp): it is given up, and what came of
// it erased; or it is open, and its members' lists are told, bit by bit.

#include "chat/rules.hpp"

namespace greenroom::chat::rules {

namespace {

using step = restoration::what;

}  // namespace

result decide(context& c, const abandon_restore& cmd) {
  if (cmd.from.role != user_role::admin && !cmd.from.user_id.is_nil())
    return refusal(ec::forbidden, "only server admins restore rooms");
  auto r = c.s.find_room(cmd.room_id);
  if (!r || r->restored.is == step::none)
    return refusal(ec::room_not_found, "no room is being restored under this id", "room_id");
  if (r->restored.is == step::telling || r->restored.is == step::done)
    return refusal(ec::conflict, "this room is open: delete it", "room_id");
  if (r->restored.is != step::filling && r->restored.is != step::people) return done{};
  if (cmd.from.user_id.is_nil() && c.now - r->restored.at <= restoration_rests_max_ms)
    return refusal(ec::conflict, "this room is still being filled", "room_id");
  r->restored.is = step::given_up;
  c.s.put_room(*r);
  outbox_item item;
  item.target = r->id;
  item.kind = outbox_item::what::sweep_room;
  emit(c, std::move(item));
  return done{};
}

room_swept tell_restored(context& c, room& r) {
  using enum room_swept::left;
  const auto page = c.s.members_after(r.id, r.restored.told, swept_people_max);
  for (const auto& m : page)
    emit_user_room(c, r, m.user_id, user_room::standing::joined);
  const bool over = page.size() < swept_people_max;
  r.restored.is = over ? step::done : step::telling;
  r.restored.told = over ? uuid{} : page.back().user_id;
  c.s.put_room(r);
  return room_swept{over ? nothing : people};
}

}  // namespace greenroom::chat::rules

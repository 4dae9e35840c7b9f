// SPDX-License-Identifier: MIT
/// A room as a file, over HTTP. Who may is decided by the room; that only server admins come by the
/// administrators' way, here.

#include "actors/session.hpp"

namespace greenroom::actors {

void session::export_room(const http_call_ptr& c) {
  const auto& wanted = *c->room_export;
  const auto j = job_of(c);
  if (wanted.as_admin && refuse_unless_admin(j)) {
    return;
  }
  // By the other way too, on which the role alone is enough; and every part, because each can be
  // asked for by itself.
  if (acting_role() == protocol::user_role::admin) {
    telemetry::audit_entry e;
    e.action = "room export";
    e.on = "room " + wanted.room.str();
    if (wanted.after_seq) {
      e.details = "after_seq " + std::to_string(*wanted.after_seq);
    } else if (wanted.after_member) {
      e.details = "after_member " + wanted.after_member->str();
    }
    j->answer = audited(std::move(e), std::move(j->answer));
  }
  if (!limits_.reads(wanted.room)) {
    finish(j, error{ec::forbidden, "this token lacks the scope read for this room", {}});
    return;
  }
  ask(wanted.room, env_->board.shard_of(wanted.room), {start_.user_id, {}, 0, acting_role()},
      room_export{wanted.after_seq, wanted.after_member, wanted.limit}, j->deadline,
      [j](const reply_body& reply) { finish(j, reply); });
}

}  // namespace greenroom::actors

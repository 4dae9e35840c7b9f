// SPDX-License-Identifier: MIT
/// A room from its file, over HTTP: for server admins, and each part is written into the audit log.

#include "actors/session.hpp"

namespace greenroom::actors {

void session::restore_room(const http_call_ptr& c) {
  const auto j = job_of(c);
  if (refuse_unless_admin(j)) {
    return;
  }
  const auto& wanted = *c->room_restore;
  telemetry::audit_entry e;
  e.action = wanted.abandons ? "room restore abandon" : "room restore";
  e.on = "room " + wanted.room.str();
  e.details = wanted.abandons ? "" : std::to_string(wanted.lines.size()) + " bytes";
  if (wanted.to != 0) {
    e.details += ", up to entry " + std::to_string(wanted.to);
  }
  j->answer = audited(std::move(e), std::move(j->answer));
  ask(wanted.room, env_->board.shard_of(wanted.room),
      {start_.user_id, j->message_id, 0, acting_role()},
      room_restore{wanted.lines, wanted.abandons, wanted.to}, j->deadline,
      [j](const reply_body& reply) { finish(j, reply); });
}

}  // namespace greenroom::actors

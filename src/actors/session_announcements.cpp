// SPDX-License-Identifier: MIT
/// What server admins have the server say.

#include "actors/announcements.hpp"
#include "actors/session.hpp"
#include "security/fingerprint.hpp"

namespace greenroom::actors {

void session::announce(const http_call_ptr& c) {
  const auto j = job_of(c);
  if (refuse_unless_admin(j)) {
    return;
  }
  const auto& wanted = *c->announcement;
  auto where = announcement_of(wanted.target, wanted.id, wanted.content);
  if (!where) {
    finish(j, where.error());
    return;
  }
  telemetry::audit_entry e;
  e.action = "announce";
  e.on = wanted.id.empty() ? wanted.target : wanted.target + " " + wanted.id;
  j->answer = audited(std::move(e), std::move(j->answer));
  const auto routes = env_->board.routes();
  const auto said = "announcement " + where->room_id.str() + " " + wanted.content;
  const chat::origin from{
      start_.user_id, j->message_id,
      routes->map ? security::fingerprint_of(routes->map->fingerprint_key, said) : 0, self_.role};
  ask(where->room_id, env_->board.shard_of(where->room_id), from, std::move(where->body),
      j->deadline, [j](const reply_body& reply) { finish(j, reply); });
}

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
/// What the server says in a room.

#include "actors/announcements.hpp"
#include "actors/room.hpp"

namespace greenroom::actors {

void room::on(const asked& a, const room_announce& c) {
  const auto announce = [this, a] {
    const auto& wanted = std::get<room_announce>(a.what->body);
    chat::announce command{a.what->from,          ids_(now_ms()),   id(),
                           wanted.content,        wanted.of_server, wanted.user_id,
                           is_for_everybody(id())};
    propose_for(a, std::move(command), [this, a](const chat::outcome& o, const proposal_result& r) {
      const auto& w = std::get<chat::message_written>(o.answer);
      answer(a, answered{protocol::message_ack{.room_id = w.room_id,
                                               .id = w.id,
                                               .seq = w.seq,
                                               .created_at = w.created_at,
                                               .term = w.term,
                                               .replicas = r.replicas},
                         o.duplicate});
    });
  };
  if (c.user_id.is_nil() || may_be_repeat(a)) {
    announce();
    return;
  }
  with_user(a, c.user_id, announce);
}

}  // namespace greenroom::actors

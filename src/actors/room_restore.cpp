// SPDX-License-Identifier: MIT
/// A room that is made from its file, part by part (docs/protocol.md, section 7.2). What is right
/// in it, and who may, is decided when a part is applied (chat/restoring.cpp).

#include "actors/room.hpp"
#include "chat/apply.hpp"
#include "chat/room_file.hpp"
#include "telemetry/security_log.hpp"

namespace greenroom::actors {

void room::on(const asked& a, const room_restore& c) {
  if (a.what->from.role != chat::user_role::admin) {
    answer(a, error{ec::forbidden, "only server admins restore rooms", {}});
    return;
  }
  if (c.abandons) {
    propose_simply(a, chat::abandon_restore{a.what->from, id()});
    return;
  }
  auto part = chat::read_room_lines(c.lines);
  if (!part) {
    answer(a, part.error());
    return;
  }
  part->from = a.what->from;
  part->room_id = id();
  part->to = c.to;
  const bool ends = part->ends;
  propose_for(a, std::move(*part), [this, a, ends](const chat::outcome& o, const proposal_result&) {
    const auto& now = std::get<chat::room_updated>(o.answer).now;
    if (ends && !o.duplicate) {
      const auto up_to =
          now.restored.to == 0 ? "" : " up to entry " + std::to_string(now.restored.to);
      telemetry::note_security({.what = "room_restored",
                                .text = "room " + id().str() + " is restored from room " +
                                        now.restored.from.str() + up_to + " by " +
                                        a.what->from.user_id.str(),
                                .user = a.what->from.user_id.str(),
                                .is_warning = false});
    }
    protocol::room_response response;
    response.room = chat::view(now, true);
    answer(a, answered{std::move(response), o.duplicate});
  });
}

}  // namespace greenroom::actors

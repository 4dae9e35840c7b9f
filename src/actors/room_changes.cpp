// SPDX-License-Identifier: MIT
/// What is done to messages that are there: edit, delete, react, pin.

#include <algorithm>
#include <utility>

#include "actors/room.hpp"
#include "chat/apply.hpp"

namespace greenroom::actors {

void room::on(const asked& a, const room_edit& c) {
  change(a, chat::edit_message{a.what->from, {id(), c.id, c.content}});
}

void room::on(const asked& a, const room_delete_message& c) {
  change(a, chat::delete_message{a.what->from, {id(), c.id}});
}

void room::on(const asked& a, const room_react& c) {
  change(a, chat::react{a.what->from, {id(), c.id, c.emoji, c.add}});
}

void room::on(const asked& a, const room_pin& c) {
  change(a, chat::pin_message{a.what->from, {id(), c.id, c.pinned}});
}

void room::change(const asked& a, chat::command_data what) {
  if (refuse(a, chat::action::read)) {
    return;
  }
  propose_for(a, std::move(what), [this, a](const chat::outcome& o, const proposal_result& r) {
    const auto& w = std::get<chat::message_written>(o.answer);
    answer(a, answered{protocol::message_ack{.room_id = w.room_id,
                                             .id = w.id,
                                             .seq = w.seq,
                                             .created_at = w.created_at,
                                             .term = w.term,
                                             .replicas = r.replicas},
                       o.duplicate});
  });
}

/// The memory follows the store, not the event: the store may be further, and what was read from it
/// before must not be followed by something older.
void room::follow_update(std::uint64_t message_seq) {
  const auto known =
      std::lower_bound(recent_.begin(), recent_.end(), message_seq,
                       [](const protocol::message& m, std::uint64_t seq) { return m.seq < seq; });
  if (known == recent_.end() || known->seq != message_seq) {
    return;
  }
  if (const auto m = reader().find_message(id(), message_seq)) {
    *known = chat::view(*m);
  }
}

}  // namespace greenroom::actors

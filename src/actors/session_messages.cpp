// SPDX-License-Identifier: MIT
/// Requests about messages: each goes to the leader of its room, whose reply is the answer.

#include "actors/message_trace.hpp"
#include "actors/session.hpp"

namespace greenroom::actors {

void session::on(const job_ptr& j, const protocol::send_message_request& r) {
  trace_hop(hop::session, j->message_id, start_.user_id, r.room_id);
  forward(j, r.room_id, r, room_send{r, device_id_});
}

void session::on(const job_ptr& j, const protocol::edit_message_request& r) {
  forward(j, r.room_id, r, room_edit{r.id, r.content});
}

void session::on(const job_ptr& j, const protocol::delete_message_request& r) {
  forward(j, r.room_id, r, room_delete_message{r.id});
}

void session::on(const job_ptr& j, const protocol::reaction_request& r) {
  forward(j, r.room_id, r, room_react{r.id, r.emoji, r.add});
}

void session::on(const job_ptr& j, const protocol::pin_request& r) {
  forward(j, r.room_id, r, room_pin{r.id, r.pinned});
}

void session::on(const job_ptr& j, const protocol::message_request& r) {
  forward(j, r.room_id, r, room_message{r.id});
}

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
/// People in rooms: whom one invites, removes, and makes what; and invitations that come.

#include <utility>

#include "actors/session.hpp"
#include "telemetry/request_scope.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

constexpr auto told_within = 4s;

}  // namespace

// -- requests ------------------------------------------------------------------------------------

void session::on(const job_ptr& j, const protocol::direct_room_request& r) {
  forward(j, direct_room_id(start_.user_id, r.user_id), r, room_direct{r.user_id});
}

void session::on(const job_ptr& j, const protocol::update_room_request& r) {
  forward(j, r.room_id, r, room_update{r});
}

void session::on(const job_ptr& j, const protocol::delete_room_request& r) {
  forward(j, r.room_id, r, room_delete{});
}

void session::on(const job_ptr& j, const protocol::invite_request& r) {
  forward(j, r.room_id, r, room_invite{r.user_id, r.role});
}

void session::on(const job_ptr& j, const protocol::remove_member_request& r) {
  forward(j, r.room_id, r, room_remove{r.user_id, r.ban});
}

void session::on(const job_ptr& j, const protocol::unban_request& r) {
  forward(j, r.room_id, r, room_unban{r.user_id});
}

void session::on(const job_ptr& j, const protocol::set_role_request& r) {
  forward(j, r.room_id, r, room_set_role{r.user_id, r.role});
}

// -- invitations ---------------------------------------------------------------------------------

/// Who is invited is no member, so no relay tells him: the entry is fetched from the room. If that
/// cannot be done, the list of invitations has it all the same.
void session::tell_invitation(const user_notice& n) {
  if (!attached_) {
    return;  // it was acknowledged before the answer to the log-in
  }
  ask(n.room_id, env_->board.shard_of(n.room_id), {}, room_entries{n.entry_seq, n.entry_seq, 1},
      clock::now() + told_within, [this](const reply_body& body) {
        if (const auto* page = std::get_if<room_page>(&body)) {
          for (const auto& e : page->events) {
            send_event(e.event);
          }
        }
      });
}

// -- one member over HTTP ------------------------------------------------------------------------

/// PUT joins, invites or gives a role, DELETE leaves or removes: only here it is known which of
/// them is about oneself.
void session::take_member_call(const http_call_ptr& c, const answerer& answer) {
  const auto& id = c->request.message_id;
  const auto user = c->subject->is_nil() ? start_.user_id : *c->subject;
  const bool oneself = user == start_.user_id;
  if (const auto* put = std::get_if<protocol::invite_request>(&c->request.data)) {
    if (!oneself) {
      invite_or_set_role(id, *put, answer);
    } else if (put->role) {
      take_request({id, protocol::set_role_request{put->room_id, user, *put->role}}, answer);
    } else {
      take_request({id, protocol::join_room_request{put->room_id, {}}}, answer);
    }
  } else if (const auto* gone = std::get_if<protocol::remove_member_request>(&c->request.data);
             gone != nullptr && oneself && !gone->ban) {
    take_request({id, protocol::leave_room_request{gone->room_id}}, answer);
  } else if (gone != nullptr) {
    take_request({id, protocol::remove_member_request{gone->room_id, user, gone->ban}}, answer);
  } else {
    take_request(c->request, answer);
  }
}

/// A member is given the role; anybody else is invited with it. The invitation is tried first: what
/// it is refused for as a member's, the other request says better.
void session::invite_or_set_role(const uuid& message_id, const protocol::invite_request& r,
                                 const answerer& answer) {
  if (!r.role) {
    take_request({message_id, r}, answer);
    return;
  }
  take_request({message_id, r}, [this, message_id, r, answer,
                                 called = telemetry::current_request()](protocol::answer_data data,
                                                                        bool duplicate) {
    // Of the second request too it is said by what it was caused.
    const telemetry::request_scope scope(called);
    const auto* first = std::get_if<error>(&data);
    // The role is looked at only for who is no member, so there is nothing to say better.
    const bool too_high =
        first != nullptr && first->code == ec::forbidden && first->details.field == "role";
    if (first == nullptr || too_high ||
        (first->code != ec::conflict && first->code != ec::forbidden)) {
      answer(std::move(data), duplicate);
      return;
    }
    take_request({message_id, protocol::set_role_request{r.room_id, r.user_id, *r.role}},
                 [answer, refused = *first](protocol::answer_data second, bool repeated) {
                   const auto* why = std::get_if<error>(&second);
                   const bool no_member = why != nullptr && why->code == ec::user_not_found;
                   answer(no_member ? protocol::answer_data(refused) : std::move(second), repeated);
                 });
  });
}

}  // namespace greenroom::actors

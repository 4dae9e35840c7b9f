// SPDX-License-Identifier: MIT
/// Who is asked in, who is sent away, and who may do how much; and the rooms of two people.

#include <utility>

#include "actors/room.hpp"
#include "chat/apply.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

/// How long an answer waits for the asker's own list to show the room.
constexpr auto listed_within = 1s;

}  // namespace

void room::with_user(const asked& a, const uuid& user, std::function<void()> then) {
  ask_users({user}, [this, a, user,
                     then = std::move(then)](expected<std::map<uuid, protocol::user>> users) {
    if (!users) {
      answer(a, users.error());
    } else if (!users->contains(user)) {
      error e{ec::user_not_found, "no user has the id " + user.str(), {}};
      e.details.field = "user_id";
      answer(a, std::move(e));
    } else {
      then();
    }
  });
}

void room::propose_simply(const asked& a, chat::command_data what) {
  propose_for(a, std::move(what), [this, a](const chat::outcome& o, const proposal_result&) {
    answer(a, answered{protocol::ok_response{}, o.duplicate});
  });
}

// -- direct rooms --------------------------------------------------------------------------------

void room::on(const asked& a, const room_direct& c) {
  // Once it exists it is the same room also when the other one's account is closed.
  const bool is_there = room_ && room_->restored.is != chat::restoration::what::erased;
  if (is_there || c.other == a.what->from.user_id) {
    create_direct(a);
    return;
  }
  with_user(a, c.other, [this, a] { create_direct(a); });
}

void room::create_direct(const asked& a) {
  const auto& other = std::get<room_direct>(a.what->body).other;
  propose_for(a, chat::create_direct{a.what->from, id(), other},
              [this, a](const chat::outcome& o, const proposal_result&) {
                const auto& made = std::get<chat::room_joined>(o.answer);
                protocol::room_response response;
                response.room = chat::view(made.now, true);
                answered body{std::move(response), o.duplicate};
                if (!o.duplicate) {
                  answer_when_listed(a, o, std::move(body));
                  return;
                }
                // The other one has made it, perhaps just now: the asker's list is told again,
                // which does no harm, and has it when that is answered.
                const chat::user_room line{a.what->from.user_id, id(),
                                           chat::user_room::standing::joined, made.self.joined_seq,
                                           std::get<room_direct>(a.what->body).other};
                const auto until = clock::now() + listed_within;
                lines_.push_back({a, line.user_id, line.entry_seq, std::move(body), until});
                wake_at(until);
                ask(line.user_id, board().shard_of(line.user_id), {}, user_line{line},
                    [this, line](const reply_body& reply) {
                      if (!failure_in(reply)) {
                        settled({line.user_id, line.room_id, line.entry_seq});
                      }
                    });
              });
}

// -- members and others --------------------------------------------------------------------------

void room::on(const asked& a, const room_invite& c) {
  if (refuse(a, chat::action::invite)) {
    return;
  }
  const auto invite = [this, a, c] {
    propose_simply(a, chat::invite_person{a.what->from, id(), c.user_id, c.role});
  };
  if (find_member(c.user_id) != nullptr || may_be_repeat(a)) {
    invite();
    return;
  }
  with_user(a, c.user_id, invite);
}

void room::on(const asked& a, const room_remove& c) {
  // Who may not remove anybody may still take back an invitation of his own.
  if (refuse(a, c.ban ? chat::action::ban : chat::action::see)) {
    return;
  }
  const auto remove = [this, a, c] {
    propose_simply(a, chat::remove_person{a.what->from, id(), c.user_id, c.ban});
  };
  if (!c.ban || find_member(c.user_id) != nullptr || may_be_repeat(a)) {
    remove();
    return;
  }
  with_user(a, c.user_id, remove);
}

void room::on(const asked& a, const room_unban& c) {
  if (!refuse(a, chat::action::unban)) {
    propose_simply(a, chat::unban_person{a.what->from, id(), c.user_id});
  }
}

void room::on(const asked& a, const room_set_role& c) {
  if (!refuse(a, chat::action::set_role)) {
    propose_simply(a, chat::set_member_role{a.what->from, id(), c.user_id, c.role});
  }
}

}  // namespace greenroom::actors

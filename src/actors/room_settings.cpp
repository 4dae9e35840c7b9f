// SPDX-License-Identifier: MIT
/// What a room is called and how it is set, and its end: a deleted room is emptied bit by bit, so
/// that nobody has to wait for it.

#include <utility>

#include "actors/room.hpp"
#include "chat/apply.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

/// What was said stays for a moment: a connection that is just catching up hears the end from the
/// room's log.
constexpr auto content_stays = 5s;

}  // namespace

void room::on(const asked& a, const room_update& c) {
  if (refuse(a, chat::action::see)) {
    return;
  }
  propose_for(a, chat::update_room{a.what->from, c.what},
              [this, a](const chat::outcome& o, const proposal_result&) {
                protocol::room_response response;
                response.room = chat::view(std::get<chat::room_updated>(o.answer).now, true);
                answer(a, answered{std::move(response), o.duplicate});
              });
}

void room::on(const asked& a, const room_delete& /*c*/) {
  if (!refuse(a, chat::action::delete_room)) {
    propose_simply(a, chat::delete_room{a.what->from, id()});
  }
}

// -- after the end -------------------------------------------------------------------------------

/// Also how the members of a restored room get it on their lists. The outbox asks again when this
/// takes long, and another leader's outbox begins with it: each step goes on from what is left.
void room::on(const asked& a, const room_sweep& /*c*/) {
  room_ = reader().find_room(id());  // not what was remembered: a wrong `done` would be the last
  const bool tells = room_ && room_->restored.is == chat::restoration::what::telling;
  if (!room_ || (!room_->deleted && !tells)) {
    answer(a, actors::done{});
    return;
  }
  if (sweeper_) {
    answer(*std::exchange(sweeper_, a), unavailable("asked for again").value());
    return;
  }
  sweeper_ = a;
  sweep();
}

void room::sweep() {
  // Not while its members are told: its end, if it comes, is yet to be heard.
  if (content_due_ == clock::time_point{} && room_ && room_->deleted) {
    content_due_ = clock::now() + content_stays;
  }
  const bool content = content_due_ != clock::time_point{} && clock::now() >= content_due_;
  propose(chat::sweep_room{id(), content}, [this](const proposal_result& r) {
    const auto* swept = r.outcome ? std::get_if<chat::room_swept>(&r.outcome->answer) : nullptr;
    if (swept == nullptr) {
      end_sweep(r.failure.value_or(unavailable("the room was not emptied").value()));
      return;
    }
    switch (swept->what) {
      case chat::room_swept::left::nothing:
        content_due_ = {};
        end_sweep(actors::done{});
        break;
      case chat::room_swept::left::people:
        sweep();
        break;
      case chat::room_swept::left::content:
        if (content_due_ == clock::time_point{} || clock::now() >= content_due_) {
          room_ = reader().find_room(id());
          sweep();
        } else {
          sweep_rests_ = true;
          wake_at(content_due_);
        }
        break;
    }
  });
}

void room::end_sweep(reply_body body) {
  if (sweeper_) {
    answer(*std::exchange(sweeper_, std::nullopt), std::move(body));
  }
}

}  // namespace greenroom::actors

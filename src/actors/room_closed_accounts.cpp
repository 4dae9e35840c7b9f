// SPDX-License-Identifier: MIT
/// What becomes of people whose accounts were closed (chat/closed_accounts.cpp).

#include "actors/room.hpp"

namespace greenroom::actors {

void room::on(const asked& a, const room_person_closed& c) {
  propose_for(a, chat::close_person{id(), c.user_id, c.erased},
              [this, a](const chat::outcome&, const proposal_result&) {
                place().env->hooks.touch(place().number, id());
                answer(a, actors::done{});
              });
}

}  // namespace greenroom::actors

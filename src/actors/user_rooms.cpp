// SPDX-License-Identifier: MIT
/// What other shards tell a user's: the rooms he is in, and whose an e-mail address is.

#include <algorithm>
#include <utility>

#include "actors/user.hpp"

namespace greenroom::actors {

std::vector<chat::user_room> user::rooms(chat::user_room::standing state) const {
  auto lines = reader().rooms_of(id());
  std::erase_if(lines, [&](const chat::user_room& l) { return l.state != state; });
  return lines;
}

void user::on(const asked& a, const user_rooms& c) {
  auto lines = c.all ? reader().rooms_of(id()) : rooms(c.state);
  if (!c.place) {
    answer(a, user_room_lines{std::move(lines)});
    return;
  }
  // Direct rooms are opened by others too, and nobody can leave them.
  const auto limit = config().limits.rooms_per_user;
  const auto count = std::count_if(lines.begin(), lines.end(),
                                   [](const chat::user_room& l) { return l.partner.is_nil(); });
  if (limit == 0 || count < static_cast<std::int64_t>(limit)) {
    answer(a, actors::done{});
    return;
  }
  error e{ec::conflict, "one can be in " + std::to_string(limit) + " rooms at once", {}};
  e.details.limit = limit;
  answer(a, std::move(e));
}

void user::on(const asked& a, const user_line& c) {
  propose_for(
      a, chat::put_user_room{c.line, true},
      [this, a](const chat::outcome&, const proposal_result&) { answer(a, actors::done{}); });
}

/// A step a time, each of which goes on from where the last one was; asked twice, twice as fast.
void user::on(const asked& a, const user_sweep& /*c*/) {
  propose_for(a, chat::sweep_user{id()}, [this, a](const chat::outcome& o, const proposal_result&) {
    const auto* swept = std::get_if<chat::room_swept>(&o.answer);
    if (swept != nullptr && swept->what == chat::room_swept::left::people) {
      on(a, user_sweep{});
    } else {
      answer(a, actors::done{});
    }
  });
}

void user::on(const asked& a, const email_reserve& c) {
  propose_for(
      a, chat::reserve_email{id(), c.user_id},
      [this, a](const chat::outcome&, const proposal_result&) { answer(a, actors::done{}); });
}

void user::on(const asked& a, const email_settle& c) {
  propose_for(
      a, chat::settle_email{id(), c.user_id, c.confirmed},
      [this, a](const chat::outcome&, const proposal_result&) { answer(a, actors::done{}); });
}

}  // namespace greenroom::actors

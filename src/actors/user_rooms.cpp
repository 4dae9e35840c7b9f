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
  auto lines = rooms(c.state);
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
      a, chat::put_user_room{c.line},
      [this, a](const chat::outcome&, const proposal_result&) { answer(a, actors::done{}); });
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

// SPDX-License-Identifier: MIT
/// What other shards tell a user's: the rooms he is in, and whose an e-mail address is.

#include <algorithm>
#include <utility>

#include "actors/announcements.hpp"
#include "actors/user.hpp"
#include "config/live.hpp"

namespace greenroom::actors {

namespace {

/// Longer than a request may take, and short for somebody whose join came to nothing.
constexpr std::chrono::seconds place_kept{6};

}  // namespace

/// Of the joined ones the room that everybody is in is one, of which no list says so.
std::vector<chat::user_room> user::rooms(chat::user_room::standing state) const {
  auto lines = reader().rooms_of(id());
  std::erase_if(lines, [&](const chat::user_room& l) { return l.state != state; });
  if (state == chat::user_room::standing::joined &&
      std::none_of(lines.begin(), lines.end(),
                   [](const chat::user_room& l) { return is_for_everybody(l.room_id); })) {
    auto& line = lines.emplace_back();
    line.user_id = id();
    static const uuid the_room = announcements_id_of({});
    line.room_id = the_room;
  }
  return lines;
}

void user::on(const asked& a, const user_rooms& c) {
  auto lines = c.all ? reader().rooms_of(id()) : rooms(c.state);
  if (!c.place) {
    answer(a, user_room_lines{std::move(lines)});
    return;
  }
  const auto limit = config::current(config()).limits.rooms_per_user;
  if (limit == 0 || take_place(lines, c.room)) {
    answer(a, actors::done{});
    return;
  }
  error e{ec::conflict, "one can be in " + std::to_string(limit) + " rooms at once", {}};
  e.details.limit = limit;
  answer(a, std::move(e));
}

/// False: there is none. Kept places count like rooms, so that two rooms which ask in the same
/// moment, wherever they are led, do not both get the last one.
bool user::take_place(const std::vector<chat::user_room>& in, const uuid& room) {
  const auto now = std::chrono::steady_clock::now();
  std::erase_if(places_, [&](const auto& kept) { return kept.second <= now; });
  // Direct rooms are opened by others too, and nobody can leave them, nor that of everybody.
  auto count =
      static_cast<std::size_t>(std::count_if(in.begin(), in.end(), [](const chat::user_room& l) {
        return l.partner.is_nil() && !is_for_everybody(l.room_id);
      }));
  for (const auto& [kept, until] : places_) {
    const bool listed = std::any_of(in.begin(), in.end(),
                                    [&](const chat::user_room& l) { return l.room_id == kept; });
    count += listed || kept == room ? 0 : 1;
  }
  if (count >= config::current(config()).limits.rooms_per_user) {
    return false;
  }
  if (!room.is_nil()) {
    places_[room] = now + place_kept;
  }
  return true;
}

void user::on(const asked& a, const user_line& c) {
  propose_for(a, chat::put_user_room{c.line, true},
              [this, a, room = c.line.room_id](const chat::outcome&, const proposal_result&) {
                places_.erase(room);  // it is in the list, or is none of his any more
                answer(a, actors::done{});
              });
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

// SPDX-License-Identifier: MIT

// What a busy simulated client chooses to do.

#include <algorithm>

#include "sim/chat_client.hpp"
#include "sim/chat_world.hpp"

namespace greenroom::sim {

void chat_client::choose() {
  using protocol::message_state;
  // Whoever was erased goes on with what he had on his way, and comes again as somebody else.
  if (in_.log().accounts().is_erased(user_) && in_.pick(4) == 0) begin_anew();
  if (!registered_) return begin({.what = registration()});
  if (file_ && in_.pick(2) == 0 && go_on_restoring()) return;
  const auto& known = in_.rooms();
  if (rooms_.empty()) {
    if (known.empty() || in_.pick(6) == 0) {
      return begin({.what = creation(in_.pick(2) == 0 ? "lobby" : "")});
    }
    return begin({.what = join(known[in_.pick(known.size())])});
  }
  if (in_.pick(10) == 0) return choose_keeping();
  if (in_.pick(8) == 0) return choose_change();
  if (in_.pick(20) == 0) return choose_closing();
  if (!file_ && known.size() < 9 && in_.pick(15) == 0) {
    file_.emplace(room_copy(known[in_.pick(known.size())]));
  }
  const auto room = *std::next(rooms_.begin(), static_cast<long>(in_.pick(rooms_.size())));
  const auto dice = in_.pick(100);
  if (dice < 50) return begin({.what = send(room)});
  if (dice < 64) {
    const auto seq = 1 + in_.pick(static_cast<std::size_t>(seqs_[room] + 1));
    return begin({.what = mark(room, seq,
                               in_.pick(2) == 0 ? message_state::read : message_state::delivered)});
  }
  if (dice < 80) return begin({.what = read(room)});
  if (dice < 84) return begin({.what = join(known[in_.pick(known.size())])});
  if (dice < 87) return begin({.what = leave(room)});
  if (dice < 88 && known.size() < 6) return begin({.what = creation()});
  if (answered_.empty()) return begin({.what = send(room)});
  auto old = answered_[in_.pick(answered_.size())];
  if (dice < 97) return begin({.what = std::move(old), .repeat = true});
  auto other = send(room);
  other.message_id = old.message_id;
  begin({.what = std::move(other), .misuse = true});
}

/// Retention, webhooks and announcements, now and then in rooms where it may not.
void chat_client::choose_keeping() {
  const auto& known = in_.rooms();
  const auto room = own_.empty() || in_.pick(6) == 0 ? known[in_.pick(known.size())]
                                                     : own_[in_.pick(own_.size())];
  const auto dice = in_.pick(100);
  if (dice < 25) {
    const auto what = in_.pick(4);
    return begin({.what = retain(room, what == 0   ? ""
                                       : what == 1 ? "day"
                                                   : std::to_string(1 + in_.pick(9)))});
  }
  if (dice < 35) {
    // Rooms of the server: everybody's, and one's own.
    const auto to = in_.pick(3);
    return begin({.what = to == 0   ? announce(room)
                          : to == 1 ? announce(announcements_id_of(user_))
                                    : announce(announcements_id_of({}))});
  }
  if (dice < 40) return begin({.what = join(announcements_id_of({}))});
  if (hooks_.empty() || dice < 65) return begin({.what = hook(room)});
  const auto& [its_room, id] = hooks_[in_.pick(hooks_.size())];
  if (dice < 72) return begin({.what = unhook(its_room, id)});
  begin({.what = replay(its_room, id, in_.pick(2) == 0 ? "" : "dead")});
}

/// Of messages that it has seen or sent, now and then those of others, or what was done before.
void chat_client::choose_change() {
  static constexpr const char* emojis[] = {"+1", "-+1", "heart", "-heart"};
  if (messages_.empty()) return begin({.what = read(*rooms_.begin())});
  const auto& [room, id] = messages_[in_.pick(messages_.size())];
  const auto dice = in_.pick(100);
  if (dice < 40) return begin({.what = change(verb::edit, room, id, "")});
  if (dice < 50) return begin({.what = change(verb::take_back, room, id, "")});
  if (dice < 80) return begin({.what = change(verb::react, room, id, emojis[in_.pick(4)])});
  begin({.what = change(verb::pin, room, id, in_.pick(3) == 0 ? "-" : "pin")});
}

/// Its own account, or as an admin that of another.
void chat_client::choose_closing() {
  const auto dice = in_.pick(100);
  if (dice < 20) return begin({.what = log_in()});
  const auto whose = in_.pick(3) == 0 ? in_.some_user() : user_;
  if (dice < 50) return begin({.what = close(whose, "deactivate")});
  if (dice < 75) return begin({.what = close(whose, "reopen")});
  begin({.what = close(whose, "erase")});
}

/// Reads a room's file bit by bit, now and then forges it, and hands it in, part by part. False:
/// there is nothing to ask for now.
bool chat_client::go_on_restoring() {
  auto& f = *file_;
  if (!f.file.whole()) {
    const auto all = in_.ids();
    const auto at = all[in_.pick(all.size())];
    const bool goes_on = in_.alive(at) && f.file.read(in_.state(at), 2 + in_.pick(12));
    if (!goes_on && ++f.failures > 3) file_.reset();
    if (!goes_on || !f.file.whole()) return false;
    const auto pick = [this](std::size_t n) { return in_.pick(n); };
    // To an entry; one that is not in the file any more (purged) leaves the file whole.
    if (in_.pick(3) == 0) f.file.cut(1 + in_.pick(f.file.last_seq()));
    if (in_.pick(6) == 0) f.file.forge(pick);
    f.parts = f.file.parts(pick);
    // Under the id that it has it is there already.
    f.first = named(verb::restore, {});
    f.first.room = in_.pick(12) == 0 ? f.file.of() : room_id_of_creation(user_, f.first.message_id);
  }
  auto r = f.first;
  if (in_.pick(25) == 0) {
    r.what = verb::abandon;
    begin({.what = std::move(r)});
    return true;
  }
  r.seq = f.next > 0 && in_.pick(8) == 0 ? in_.pick(f.next) : f.next;
  r.part = f.parts.at(r.seq);
  begin({.what = std::move(r)});
  return true;
}

void chat_client::learn_restoring(const request& r, const answer& a) {
  if (!file_ || r.room != file_->first.room) return;
  if (a.how == answer::kind::refused) {
    // It was given up, and once that is done it may be begun again.
    const bool gone = a.code == ec::room_not_found || r.what == verb::abandon;
    file_->next = 0;
    if (!gone || ++file_->failures > 6) file_.reset();
    return;
  }
  if (r.what == verb::abandon) {
    file_->next = 0;
    return;
  }
  if (r.part->ends) {
    in_.found_room(r.room);
    file_.reset();
    return;
  }
  file_->next = std::max<std::size_t>(file_->next, r.seq + 1);
}

/// Another person at the same place.
void chat_client::begin_anew() {
  ++lives_;
  user_ = user_id_of(name());
  registered_ = false;
  rooms_.clear();
  own_.clear();
  hooks_.clear();
  messages_.clear();
  seqs_.clear();
  answered_.clear();
  file_.reset();
}

}  // namespace greenroom::sim

// SPDX-License-Identifier: MIT
#include "actors/retention_keeper.hpp"

#include <algorithm>
#include <utility>

#include "chat/apply.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

/// Between two turns of a round, so that calls have their turn too.
constexpr auto turn_pause = 20ms;
/// A command of which nothing was heard for so long was refused or lost: the next round sees.
constexpr auto heard_within = 2s;

}  // namespace

retention_keeper::retention_keeper(std::chrono::milliseconds check_every, duties what)
    : check_every_(check_every), do_(std::move(what)) {}

void retention_keeper::start(clock::time_point now) {
  round_at_ = next_ = now + check_every_;
}

void retention_keeper::on_time(clock::time_point now, unix_ms wall) {
  if (now < next_) {
    return;
  }
  if (flying_) {
    flying_.reset();
    due_.pop_front();
  }
  if (due_.empty()) {
    if (!in_round_ && now < round_at_) {
      next_ = round_at_;
      return;
    }
    if (!in_round_) {
      in_round_ = true;
      after_.reset();
      round_at_ = now + check_every_;
    }
    look(now, wall);
  }
  go_on(now);
}

void retention_keeper::look(clock::time_point now, unix_ms wall) {
  const auto rooms = do_.rooms(after_, rooms_per_turn);
  for (const auto& r : rooms) {
    const auto& restored = r.restored;
    if ((restored.is == chat::restoration::what::filling ||
         restored.is == chat::restoration::what::people) &&
        wall - restored.at > chat::restoration_rests_max_ms && do_.abandon) {
      do_.abandon({{}, r.id});
    }
    if (r.deleted || r.retention == protocol::room_retention{} || r.purged_seq >= r.last_seq) {
      continue;
    }
    const auto first = do_.time_of(r.id, r.purged_seq + 1);
    if (first && chat::purge_is_due(r, *first, wall)) {
      due_.push_back({r.id, r.purged_seq});
    }
  }
  if (rooms.size() < rooms_per_turn) {
    in_round_ = false;
    round_at_ = std::max(round_at_, now);
  } else {
    after_ = rooms.back().id;
  }
}

/// The next command, or when there is something to do again.
void retention_keeper::go_on(clock::time_point now) {
  if (due_.empty()) {
    next_ = in_round_ ? now + turn_pause : round_at_;
    return;
  }
  const auto& t = due_.front();
  flying_ = t.room;
  next_ = now + heard_within;
  do_.propose({t.room, t.purged_seq + chat::purged_seqs_max});
}

void retention_keeper::applied(const chat::outcome& o, clock::time_point now) {
  const auto* purged = std::get_if<chat::room_purged>(&o.answer);
  if (purged == nullptr || !flying_ || *flying_ != purged->room_id) {
    return;
  }
  flying_.reset();
  if (purged->more) {
    due_.front().purged_seq = purged->purged_seq;
  } else {
    due_.pop_front();
  }
  // Not from here: this is called while something is being applied.
  next_ = now;
}

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#include <algorithm>

#include "actors/session.hpp"

namespace greenroom::actors {

namespace {

/// A tag says whether its subscription goes on after a seq: the relay holds such a stream until the
/// client has been answered. Others have begun by then.
constexpr std::uint64_t held_bit = 1;

std::uint64_t make_tag(std::uint64_t number, bool is_held) noexcept {
  return number << 1U | (is_held ? held_bit : 0);
}

}  // namespace

void session::subscribe(const uuid& room, std::optional<std::uint64_t> after_seq,
                        std::uint64_t tag) {
  auto wanted = std::make_shared<subscription>();
  wanted->connection = start_.connection;
  wanted->encoding = start_.encoding;
  wanted->room_id = room;
  wanted->user_id = start_.user_id;
  wanted->after_seq = after_seq;
  wanted->tag = tag;
  rooms_[room] = tag;
  show_rooms();
  // Whoever waited for an earlier subscription of this room gets the result of this one.
  for (const auto& g : gatherings_) {
    if (const auto it = g->wanted.find(room); it != g->wanted.end()) {
      it->second = tag;
    }
  }
  caf::anon_send(env_->board.relay_of(room), subscription_ptr(std::move(wanted)),
                 caf::actor_cast<session_actor>(this));
}

void session::gather(std::map<uuid, std::optional<std::uint64_t>> rooms, clock::time_point deadline,
                     std::function<void(gathering&)> then) {
  auto g = std::make_unique<gathering>();
  g->deadline = deadline;
  g->then = std::move(then);
  for (const auto& [room, after_seq] : rooms) {
    g->wanted[room] = make_tag(++tags_, after_seq.has_value());
  }
  const auto wanted = g->wanted;
  gatherings_.push_back(std::move(g));
  for (const auto& [room, tag] : wanted) {
    subscribe(room, rooms.at(room), tag);
  }
  if (wanted.empty()) {
    finish_gatherings();
  } else {
    wake_at(deadline);
  }
}

void session::take_subscribed(const subscribed& s) {
  const auto room = rooms_.find(s.room_id);
  if (room == rooms_.end() || room->second != s.tag) {
    return;  // an earlier subscription of a room that was asked for again
  }
  if (s.result.failure) {
    rooms_.erase(room);
    show_rooms();
  } else if (s.result.first_seq > 0) {
    auto& known = entries_[s.room_id];
    known = std::max(known, s.result.first_seq - 1);
  }
  bool awaited = false;
  for (const auto& g : gatherings_) {
    if (const auto it = g->wanted.find(s.room_id); it != g->wanted.end() && it->second == s.tag) {
      g->wanted.erase(it);
      g->results.rooms[s.room_id] = s.result;
      awaited = true;
    }
  }
  if (awaited) {
    finish_gatherings();
    return;
  }
  // Confirmed after the answer that waited for it: the stream begins now.
  if (const auto late = std::find(stale_.begin(), stale_.end(), s.room_id); late != stale_.end()) {
    stale_.erase(late);
    if (!s.result.failure) {
      send_event({now_ms(),
                  protocol::session_event{protocol::session_event_kind::recovered, s.room_id, {}}});
    }
  }
  release(s.room_id);
}

void session::finish_gatherings() {
  const auto now = clock::now();
  std::vector<std::unique_ptr<gathering>> finished;
  std::erase_if(gatherings_, [&](std::unique_ptr<gathering>& g) {
    if (!g->wanted.empty() && now < g->deadline) {
      return false;
    }
    finished.push_back(std::move(g));
    return true;
  });
  if (gatherings_.empty()) {
    gatherings_.shrink_to_fit();  // most sessions have one in their life
  }
  for (const auto& g : finished) {
    g->then(*g);
  }
}

void session::release(const uuid& room) {
  const auto wanted = rooms_.find(room);
  if (wanted == rooms_.end() || (wanted->second & held_bit) == 0) {
    return;
  }
  if (const auto relay = env_->board.find_relay(room)) {
    caf::anon_send(*relay, start_atom::value, start_.connection);
  }
}

void session::drop_room(const uuid& room) {
  if (rooms_.erase(room) > 0) {
    show_rooms();
    if (const auto relay = env_->board.find_relay(room)) {
      caf::anon_send(*relay, closed_atom::value, start_.connection);
    }
  }
}

}  // namespace greenroom::actors

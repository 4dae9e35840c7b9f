// SPDX-License-Identifier: MIT
#include "actors/webhook_places.hpp"

namespace greenroom::actors {

namespace {

constexpr std::size_t slow_known_max = 10'000;

}  // namespace

bool webhook_places::is_free_for(const uuid& room, const uuid& hook) const {
  if (attempts_.size() >= limits_.all || (slow_taken_ >= limits_.slow && slow_.contains(hook))) {
    return false;
  }
  const auto it = by_room_.find(room);
  return it == by_room_.end() || it->second < limits_.each_room;
}

std::uint64_t webhook_places::take(const uuid& room, const uuid& hook, clock::time_point now) {
  const auto ticket = ++tickets_;
  const bool is_slow = slow_.contains(hook);
  attempts_.emplace(ticket, attempt{room, hook, now, is_slow});
  ++by_room_[room];
  slow_taken_ += is_slow ? 1 : 0;
  return ticket;
}

bool webhook_places::give_back(std::uint64_t ticket, bool delivered, clock::time_point now) {
  const auto it = attempts_.find(ticket);
  if (it == attempts_.end()) {
    return false;
  }
  const auto a = it->second;
  attempts_.erase(it);
  if (const auto room = by_room_.find(a.room); --room->second == 0) {
    by_room_.erase(room);
  }
  slow_taken_ -= a.is_slow ? 1 : 0;
  remember(a, !delivered || now - a.began > limits_.quick);
  return true;
}

void webhook_places::remember(const attempt& a, bool is_slow) {
  if (!is_slow) {
    slow_.erase(a.hook);
    return;
  }
  if (slow_.size() >= slow_known_max) {
    slow_.erase(slow_.begin());
  }
  slow_.insert(a.hook);
}

std::vector<std::pair<std::uint64_t, uuid>> webhook_places::overdue(clock::time_point now) const {
  std::vector<std::pair<std::uint64_t, uuid>> late;
  for (const auto& [ticket, a] : attempts_) {
    if (now - a.began >= limits_.within) {
      late.emplace_back(ticket, a.hook);
    }
  }
  return late;
}

}  // namespace greenroom::actors

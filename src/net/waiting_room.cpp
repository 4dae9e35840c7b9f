// SPDX-License-Identifier: MIT
#include "net/waiting_room.hpp"

namespace greenroom::net {

std::optional<waiting_room::caller> waiting_room::enter(caller who, const std::string& address,
                                                        time_point now) {
  waiting_.emplace(who, place{address, now + patience_});
  if (waiting_.size() <= places_) {
    return std::nullopt;
  }
  const auto goes = least_welcome();
  waiting_.erase(goes);
  return goes;
}

void waiting_room::leave(caller who) {
  waiting_.erase(who);
}

std::vector<waiting_room::caller> waiting_room::leave_overdue(time_point now) {
  std::vector<caller> over;
  while (!waiting_.empty() && waiting_.begin()->second.until <= now) {
    over.push_back(waiting_.begin()->first);
    waiting_.erase(waiting_.begin());
  }
  return over;
}

waiting_room::caller waiting_room::least_welcome() const {
  std::map<std::string, std::size_t> taken;
  for (const auto& [who, place] : waiting_) {
    ++taken[place.address];
  }
  auto worst = waiting_.begin();
  for (auto it = waiting_.begin(); it != waiting_.end(); ++it) {
    if (taken[it->second.address] > taken[worst->second.address]) {
      worst = it;
    }
  }
  return worst->first;
}

}  // namespace greenroom::net

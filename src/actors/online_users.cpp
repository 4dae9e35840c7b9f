// SPDX-License-Identifier: MIT
#include "actors/online_users.hpp"

#include <algorithm>

namespace greenroom::actors {

bool online_users::attach(const uuid& user, const node_id& node, clock::time_point now) {
  const std::lock_guard lock(mutex_);
  auto& places = places_[user];
  const bool was_offline = places.empty();
  const auto known =
      std::find_if(places.begin(), places.end(), [&](const place& p) { return p.node == node; });
  if (known == places.end()) {
    places.push_back({node, now});
  } else {
    known->confirmed = now;
  }
  return was_offline;
}

bool online_users::detach(const uuid& user, const node_id& node) {
  const std::lock_guard lock(mutex_);
  const auto it = places_.find(user);
  if (it == places_.end()) {
    return false;
  }
  std::erase_if(it->second, [&](const place& p) { return p.node == node; });
  if (!it->second.empty()) {
    return false;
  }
  places_.erase(it);
  return true;
}

bool online_users::is_online(const uuid& user) const {
  const std::lock_guard lock(mutex_);
  return places_.contains(user);
}

std::vector<node_id> online_users::nodes_of(const uuid& user) const {
  const std::lock_guard lock(mutex_);
  std::vector<node_id> nodes;
  if (const auto it = places_.find(user); it != places_.end()) {
    for (const auto& p : it->second) {
      nodes.push_back(p.node);
    }
  }
  return nodes;
}

std::vector<uuid> online_users::expire(clock::time_point before) {
  const std::lock_guard lock(mutex_);
  std::vector<uuid> offline;
  for (auto it = places_.begin(); it != places_.end();) {
    std::erase_if(it->second, [&](const place& p) { return p.confirmed < before; });
    if (it->second.empty()) {
      offline.push_back(it->first);
      it = places_.erase(it);
    } else {
      ++it;
    }
  }
  return offline;
}

std::size_t online_users::size() const {
  const std::lock_guard lock(mutex_);
  return places_.size();
}

}  // namespace greenroom::actors

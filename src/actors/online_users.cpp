// SPDX-License-Identifier: MIT
#include "actors/online_users.hpp"

#include <algorithm>

namespace greenroom::actors {

bool online_users::person::is_online() const {
  return std::any_of(places.begin(), places.end(), [](const place& p) { return !p.gone; });
}

online_users::standing online_users::visible(const person& p) const {
  if (!p.is_online()) {
    return {false, status_type::offline, 0, version_};
  }
  return {true, p.status, p.status_at, version_};
}

online_users::standing online_users::changed(person& p) {
  ++version_;
  if (!p.is_online()) {
    // Who comes back is there, whatever he has said before.
    p.status = status_type::online;
    p.status_at = 0;
  }
  return visible(p);
}

// -- who is there ------------------------------------------------------------------------------

std::optional<online_users::standing> online_users::attach(const uuid& user, const user_attach& c,
                                                           clock::time_point now) {
  const std::lock_guard lock(mutex_);
  nodes_.insert(c.node);
  auto& p = people_[user];
  const bool was_online = p.is_online();
  const auto known = std::find_if(p.places.begin(), p.places.end(),
                                  [&](const place& at) { return at.node == c.node; });
  if (known == p.places.end()) {
    p.places.push_back({c.node, now, c.order});
  } else if (c.order >= known->order) {
    *known = {c.node, now, c.order};
  }
  const bool says_more = p.is_online() && c.status_at > p.status_at;
  const bool looks_different = says_more && c.status != p.status;
  if (says_more) {
    p.status = c.status;
    p.status_at = c.status_at;
  }
  if (was_online == p.is_online() && !looks_different) {
    return std::nullopt;
  }
  return changed(p);
}

std::optional<online_users::standing> online_users::detach(const uuid& user, const node_id& node,
                                                           std::uint64_t order,
                                                           clock::time_point now) {
  const std::lock_guard lock(mutex_);
  nodes_.insert(node);
  auto& p = people_[user];
  const bool was_online = p.is_online();
  const auto known = std::find_if(p.places.begin(), p.places.end(),
                                  [&](const place& at) { return at.node == node; });
  if (known == p.places.end()) {
    p.places.push_back({node, now, order, true});
  } else if (order >= known->order) {
    *known = {node, now, order, true};
  }
  if (was_online == p.is_online()) {
    return std::nullopt;
  }
  return changed(p);
}

std::optional<online_users::standing> online_users::set_status(const uuid& user, status_type status,
                                                               unix_ms at) {
  const std::lock_guard lock(mutex_);
  const auto it = people_.find(user);
  if (it == people_.end() || !it->second.is_online() || at <= it->second.status_at) {
    return std::nullopt;
  }
  auto& p = it->second;
  p.status_at = at;
  if (p.status == status) {
    return std::nullopt;
  }
  p.status = status;
  return changed(p);
}

std::vector<uuid> online_users::drop_node(const node_id& node) {
  const std::lock_guard lock(mutex_);
  forget_watcher(node);
  nodes_.erase(node);
  std::vector<uuid> offline;
  for (auto it = people_.begin(); it != people_.end();) {
    auto& p = it->second;
    const bool was_online = p.is_online();
    std::erase_if(p.places, [&](const place& at) { return at.node == node; });
    if (was_online && !p.is_online()) {
      (void)changed(p);
      offline.push_back(it->first);
    }
    it = p.places.empty() ? people_.erase(it) : std::next(it);
  }
  return offline;
}

std::vector<uuid> online_users::expire(clock::time_point before) {
  const std::lock_guard lock(mutex_);
  nodes_.clear();
  for (const auto& [node, users] : watched_) {
    nodes_.insert(node);
  }
  std::vector<uuid> offline;
  for (auto it = people_.begin(); it != people_.end();) {
    auto& p = it->second;
    const bool was_online = p.is_online();
    std::erase_if(p.places, [&](const place& at) { return at.confirmed < before; });
    for (const auto& at : p.places) {
      nodes_.insert(at.node);
    }
    if (was_online && !p.is_online()) {
      (void)changed(p);
      offline.push_back(it->first);
    }
    it = p.places.empty() ? people_.erase(it) : std::next(it);
  }
  return offline;
}

online_users::standing online_users::look(const uuid& user) const {
  const std::lock_guard lock(mutex_);
  const auto it = people_.find(user);
  return it == people_.end() ? standing{false, status_type::offline, 0, version_}
                             : visible(it->second);
}

bool online_users::is_online(const uuid& user) const {
  return look(user).is_online;
}

std::vector<node_id> online_users::nodes_of(const uuid& user) const {
  const std::lock_guard lock(mutex_);
  std::vector<node_id> nodes;
  if (const auto it = people_.find(user); it != people_.end()) {
    for (const auto& at : it->second.places) {
      if (!at.gone) {
        nodes.push_back(at.node);
      }
    }
  }
  return nodes;
}

std::vector<node_id> online_users::nodes() const {
  const std::lock_guard lock(mutex_);
  return {nodes_.begin(), nodes_.end()};
}

std::size_t online_users::size() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::count_if(
      people_.begin(), people_.end(), [](const auto& entry) { return entry.second.is_online(); }));
}

// -- who watches -------------------------------------------------------------------------------

void online_users::forget_watcher(const node_id& node) {
  const auto it = watched_.find(node);
  if (it == watched_.end()) {
    return;
  }
  for (const auto& user : it->second) {
    const auto by = watchers_.find(user);
    std::erase(by->second, node);
    if (by->second.empty()) {
      watchers_.erase(by);
    }
  }
  watched_.erase(it);
}

std::size_t online_users::watch(const shard_watch& w) {
  const std::lock_guard lock(mutex_);
  if (w.afresh) {
    forget_watcher(w.node);
  }
  nodes_.insert(w.node);
  auto& users = watched_[w.node];
  for (const auto& user : w.forget) {
    if (users.erase(user) > 0) {
      const auto by = watchers_.find(user);
      std::erase(by->second, w.node);
      if (by->second.empty()) {
        watchers_.erase(by);
      }
    }
  }
  for (const auto& user : w.watch) {
    if (users.insert(user).second) {
      watchers_[user].push_back(w.node);
    }
  }
  const auto count = users.size();
  if (count == 0) {
    watched_.erase(w.node);
  }
  return count;
}

std::vector<node_id> online_users::watchers_of(const uuid& user) const {
  const std::lock_guard lock(mutex_);
  const auto it = watchers_.find(user);
  return it == watchers_.end() ? std::vector<node_id>{} : it->second;
}

std::map<node_id, std::vector<uuid>> online_users::watched_offline() const {
  const std::lock_guard lock(mutex_);
  std::map<node_id, std::vector<uuid>> found;
  for (const auto& [node, users] : watched_) {
    for (const auto& user : users) {
      const auto it = people_.find(user);
      if (it == people_.end() || !it->second.is_online()) {
        found[node].push_back(user);
      }
    }
  }
  return found;
}

}  // namespace greenroom::actors

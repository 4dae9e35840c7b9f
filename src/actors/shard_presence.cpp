// SPDX-License-Identifier: MIT
/// Who of a shard's people is there: nodes that watch, nodes that are gone.

#include <algorithm>

#include "actors/shard.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

/// A node whose link has been down for this long has no sessions any more. With the time in which a
/// silent link is noticed this stays below what is promised (offline within 10 s).
constexpr auto gone_after = 3s;

}  // namespace

presence_view view_of(const uuid& user, const online_users::standing& s, unix_ms last_seen) {
  return {user, s.is_online, s.status, last_seen, s.version};
}

presence_view shard::presence_of(const uuid& user) const {
  // Looked at before the record is read: what happens meanwhile is told under a larger version.
  const auto standing = online_->look(user);
  const auto account = reader_->find_user(user);
  return view_of(user, standing, account ? account->last_seen : 0);
}

void shard::watch(const asked& a, const shard_watch& w) {
  presence_views reply;
  reply.watched = online_->watch(w);
  reply.settled = clock::now() >= settled_at_;
  for (const auto& user : w.watch) {
    reply.views.push_back(presence_of(user));
  }
  send_reply(a, std::move(reply));
}

void shard::look_for_gone_nodes(clock::time_point now) {
  for (const auto& node : online_->nodes()) {
    if (env_->board.is_linked(node)) {
      unlinked_.erase(node);
      continue;
    }
    const auto since = unlinked_.try_emplace(node, now).first->second;
    if (now - since >= gone_after) {
      unlinked_.erase(node);
      tell_offline(online_->drop_node(node));
    }
  }
}

/// Notes when they were seen last, and tells those who watch, each node once.
void shard::tell_offline(const std::vector<uuid>& users) {
  const auto at = now_ms();
  std::map<node_id, presence_publish> by_node;
  for (const auto& user : users) {
    const auto standing = online_->look(user);
    for (const auto& node : online_->watchers_of(user)) {
      by_node[node].views.push_back(view_of(user, standing, at));
    }
    propose_own(chat::set_last_seen{user, at});
  }
  for (auto& [node, news] : by_node) {
    env_->board.tell_presence(node, std::make_shared<const presence_publish>(std::move(news)));
  }
}

/// Everybody who is connected has had the time to say so to this leader: whoever has not is gone,
/// and those who watch may not have heard it from the leader before.
void shard::settle(clock::time_point now) {
  if (settled_ || now < settled_at_) {
    return;
  }
  settled_ = true;
  for (const auto& [node, users] : online_->watched_offline()) {
    presence_publish news;
    for (const auto& user : users) {
      news.views.push_back(presence_of(user));
    }
    env_->board.tell_presence(node, std::make_shared<const presence_publish>(std::move(news)));
  }
}

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#include "actors/switchboard.hpp"

#include <algorithm>

namespace greenroom::actors {

namespace {

/// Messages for replicas that are yet to come: a vote is asked for in far less than this, and more
/// than a few of each shard would be out of date.
constexpr std::size_t early_bytes_max = 1024;
constexpr std::size_t early_max = 2048;

reply_ptr refuse(const call& what, std::string why) {
  auto r = std::make_shared<reply>();
  r->number = what.number;
  r->body = unavailable(std::move(why), 500).value();
  return r;
}

void give_group(const caf::actor& replica, group_message what) {
  switch (what.kind) {
    case group_message::what::log:
      caf::anon_send(replica, what.from, std::move(what.bytes));
      break;
    case group_message::what::transfer:
      caf::anon_send(replica, transfer_atom::value, what.from, std::move(what.bytes));
      break;
    case group_message::what::membership:
      caf::anon_send(replica, member_atom::value, what.from, std::move(what.bytes));
      break;
  }
}

}  // namespace

switchboard::switchboard(node_id self)
    : self_(self),
      routes_(std::make_shared<actors::routes>()),
      orders_(static_cast<std::uint64_t>(now_ms()) * 1000) {}

// -- routes -----------------------------------------------------------------------------------

std::shared_ptr<const actors::routes> switchboard::routes() const {
  const std::lock_guard lock(routes_mutex_);
  return routes_;
}

void switchboard::set_map(std::shared_ptr<const placement::cluster_map> map) {
  {
    const std::lock_guard lock(routes_mutex_);
    auto next = std::make_shared<actors::routes>(*routes_);
    next->map = std::move(map);
    next->shards.resize(std::size_t{next->map->shard_count} + 1);
    ++next->epoch;
    routes_ = std::move(next);
  }
  changed();
}

void switchboard::set_leader(const leader_notice& notice) {
  {
    const std::lock_guard lock(routes_mutex_);
    if (notice.shard >= routes_->shards.size()) {
      // Heard before the map: room for it, so that the notice is not lost.
      auto next = std::make_shared<actors::routes>(*routes_);
      next->shards.resize(std::size_t{notice.shard} + 1);
      routes_ = std::move(next);
    }
    const auto& known = routes_->shards[notice.shard];
    if (notice.term < known.term || (notice.term == known.term && notice.leader == known.leader)) {
      return;
    }
    auto next = std::make_shared<actors::routes>(*routes_);
    auto& route = next->shards[notice.shard];
    route = {notice.leader, notice.term, route.version + 1};
    ++next->epoch;
    routes_ = std::move(next);
  }
  changed();
}

void switchboard::forget_leader(const node_id& node) {
  {
    const std::lock_guard lock(routes_mutex_);
    auto next = std::make_shared<actors::routes>(*routes_);
    bool any = false;
    for (auto& shard : next->shards) {
      if (shard.leader == node) {
        shard.leader = {};
        ++shard.version;
        any = true;
      }
    }
    if (!any) {
      return;
    }
    ++next->epoch;
    routes_ = std::move(next);
  }
  changed();
}

void switchboard::on_change(std::function<void()> listener) {
  const std::lock_guard lock(routes_mutex_);
  listener_ = std::move(listener);
}

void switchboard::changed() {
  std::function<void()> listener;
  {
    const std::lock_guard lock(routes_mutex_);
    listener = listener_;
  }
  if (listener) {
    listener();
  }
}

std::uint16_t switchboard::shard_of(const uuid& id) const {
  const auto now = routes();
  return now->map ? placement::shard_of(id, now->map->shard_count) : std::uint16_t{0};
}

// -- local actors ------------------------------------------------------------------------------

void switchboard::set_peers(peer_port* peers) {
  peers_.store(peers);
}

void switchboard::put_shard(std::uint16_t shard, shard_actor handle) {
  const std::lock_guard lock(shards_mutex_);
  shards_[shard] = std::move(handle);
}

void switchboard::drop_replica(std::uint16_t shard) {
  const std::lock_guard lock(shards_mutex_);
  shards_.erase(shard);
  replicas_.erase(shard);
}

void switchboard::put_replica(std::uint16_t shard, caf::actor handle) {
  std::deque<group_message> early;
  {
    const std::lock_guard lock(shards_mutex_);
    replicas_[shard] = handle;
    std::erase_if(early_, [&](group_message& what) {
      const bool fits = what.shard == shard;
      if (fits) {
        early.push_back(std::move(what));
      }
      return fits;
    });
  }
  for (auto& what : early) {
    give_group(handle, std::move(what));
  }
}

std::optional<shard_actor> switchboard::local_shard(std::uint16_t shard) const {
  const std::lock_guard lock(shards_mutex_);
  const auto it = shards_.find(shard);
  return it == shards_.end() ? std::nullopt : std::optional(it->second);
}

std::vector<shard_actor> switchboard::local_shards() const {
  const std::lock_guard lock(shards_mutex_);
  std::vector<shard_actor> all;
  for (const auto& [number, handle] : shards_) {
    all.push_back(handle);
  }
  return all;
}

void switchboard::set_relay_factory(std::function<relay_actor(const uuid& room)> spawn) {
  const std::lock_guard lock(relays_mutex_);
  spawn_relay_ = std::move(spawn);
}

relay_actor switchboard::relay_of(const uuid& room) {
  const std::lock_guard lock(relays_mutex_);
  const auto it = relays_.find(room);
  if (it != relays_.end()) {
    return it->second;
  }
  return relays_.emplace(room, spawn_relay_(room)).first->second;
}

std::optional<relay_actor> switchboard::find_relay(const uuid& room) const {
  const std::lock_guard lock(relays_mutex_);
  const auto it = relays_.find(room);
  return it == relays_.end() ? std::nullopt : std::optional(it->second);
}

void switchboard::drop_relay(const uuid& room, const caf::actor_addr& which) {
  const std::lock_guard lock(relays_mutex_);
  const auto it = relays_.find(room);
  if (it != relays_.end() && it->second.address() == which) {
    relays_.erase(it);
  }
}

std::vector<relay_actor> switchboard::relays() const {
  const std::lock_guard lock(relays_mutex_);
  std::vector<relay_actor> all;
  all.reserve(relays_.size());
  for (const auto& [room, handle] : relays_) {
    all.push_back(handle);
  }
  return all;
}

std::uint64_t switchboard::enter_session(const uuid& user, session_actor session) {
  const std::lock_guard lock(sessions_mutex_);
  sessions_[user].push_back(std::move(session));
  return ++orders_;
}

std::optional<std::uint64_t> switchboard::leave_session(const uuid& user,
                                                        const caf::actor_addr& which) {
  const std::lock_guard lock(sessions_mutex_);
  const auto it = sessions_.find(user);
  if (it == sessions_.end()) {
    return ++orders_;
  }
  std::erase_if(it->second, [&](const session_actor& s) { return s.address() == which; });
  if (!it->second.empty()) {
    return std::nullopt;
  }
  sessions_.erase(it);
  return ++orders_;
}

std::uint64_t switchboard::next_order() {
  const std::lock_guard lock(sessions_mutex_);
  return ++orders_;
}

std::vector<session_actor> switchboard::sessions_of(const uuid& user) const {
  const std::lock_guard lock(sessions_mutex_);
  const auto it = sessions_.find(user);
  return it == sessions_.end() ? std::vector<session_actor>{} : it->second;
}

std::vector<session_actor> switchboard::sessions() const {
  const std::lock_guard lock(sessions_mutex_);
  std::vector<session_actor> all;
  for (const auto& [user, handles] : sessions_) {
    all.insert(all.end(), handles.begin(), handles.end());
  }
  return all;
}

void switchboard::forget_local() {
  for (const auto& session : sessions()) {
    caf::anon_send_exit(session, caf::exit_reason::user_shutdown);
  }
  for (const auto& relay : relays()) {
    caf::anon_send_exit(relay, caf::exit_reason::user_shutdown);
  }
  {
    const std::lock_guard lock(shards_mutex_);
    shards_.clear();
    replicas_.clear();
  }
  {
    const std::lock_guard lock(relays_mutex_);
    relays_.clear();
    spawn_relay_ = {};
  }
  presence_.set(std::nullopt);
  const std::lock_guard lock(sessions_mutex_);
  sessions_.clear();
}

// -- sending ------------------------------------------------------------------------------------

void switchboard::ask(call_ptr what, const reply_sink& answer_to) {
  const auto now = routes();
  if (what->shard == 0 || what->shard >= now->shards.size() ||
      now->shards[what->shard].leader.is_nil()) {
    caf::anon_send(answer_to, refuse(*what, "shard " + std::to_string(what->shard) +
                                                " has no leader right now"));
    return;
  }
  const auto& leader = now->shards[what->shard].leader;
  if (leader == self_) {
    if (const auto shard = local_shard(what->shard)) {
      caf::anon_send(*shard, std::move(what), answer_to);
      return;
    }
  } else if (auto* peers = peers_.load(); peers != nullptr && peers->ask(leader, what, answer_to)) {
    return;
  }
  caf::anon_send(answer_to, refuse(*what, "the leader of shard " + std::to_string(what->shard) +
                                              " cannot be reached right now"));
}

void switchboard::publish(const node_id& to, const room_publish_ptr& what) {
  if (to == self_) {
    if (const auto relay = find_relay(what->room_id)) {
      caf::anon_send(*relay, what);
    }
    return;
  }
  if (auto* peers = peers_.load(); peers != nullptr) {
    peers->publish(to, what);
  }
}

void switchboard::tell_presence(const node_id& to, const presence_publish_ptr& what) {
  if (to == self_) {
    if (const auto here = presence()) {
      caf::anon_send(*here, what);
    }
    return;
  }
  if (auto* peers = peers_.load(); peers != nullptr) {
    peers->tell_presence(to, what);
  }
}

bool switchboard::is_linked(const node_id& node) const {
  auto* peers = peers_.load();
  return node == self_ || (peers != nullptr && peers->is_linked(node));
}

void switchboard::group(const node_id& to, group_message what) const {
  if (auto* peers = peers_.load(); peers != nullptr) {
    peers->group(to, std::move(what));
  }
}

void switchboard::take_group(group_message what) {
  caf::actor replica;
  {
    const std::lock_guard lock(shards_mutex_);
    if (const auto it = replicas_.find(what.shard); it != replicas_.end()) {
      replica = it->second;
    } else if (what.kind == group_message::what::log && what.bytes.size() <= early_bytes_max &&
               awaits(what.shard)) {
      if (early_.size() == early_max) {
        early_.pop_front();
      }
      early_.push_back(std::move(what));
      return;
    }
  }
  if (replica) {
    give_group(replica, std::move(what));
  }
}

/// Whether a replica is to come here, as far as is known.
bool switchboard::awaits(std::uint16_t shard) const {
  const auto now = routes();
  const auto* placed = now->map ? placement::find_shard(*now->map, shard) : nullptr;
  return placed == nullptr || placed->replicas.empty() ||
         std::ranges::find(placed->replicas, self_) != placed->replicas.end();
}

void switchboard::probe(const node_id& to, const leader_probe& what) const {
  if (auto* peers = peers_.load(); peers != nullptr) {
    peers->probe(to, what);
  }
}

void switchboard::ask_replica(call_ptr what, const reply_sink& answer_to) {
  if (const auto shard = local_shard(what->shard)) {
    caf::anon_send(*shard, std::move(what), answer_to);
    return;
  }
  const auto now = routes();
  const auto* placed = now->map ? placement::find_shard(*now->map, what->shard) : nullptr;
  auto* peers = peers_.load();
  if (placed != nullptr && peers != nullptr) {
    for (const auto& node : placed->replicas) {
      if (peers->ask(node, what, answer_to)) {
        return;
      }
    }
  }
  caf::anon_send(answer_to, refuse(*what, "no replica of shard " + std::to_string(what->shard) +
                                              " can be reached right now"));
}

std::optional<std::chrono::steady_clock::time_point> switchboard::up_since(
    const node_id& node) const {
  auto* peers = peers_.load();
  return peers == nullptr ? std::nullopt : peers->up_since(node);
}

void switchboard::notify(const node_id& to, const user_notice_ptr& what) {
  if (to == self_) {
    for (const auto& session : sessions_of(what->user_id)) {
      caf::anon_send(session, what);
    }
    return;
  }
  if (auto* peers = peers_.load(); peers != nullptr) {
    peers->notify(to, what);
  }
}

}  // namespace greenroom::actors

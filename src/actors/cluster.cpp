// SPDX-License-Identifier: MIT
#include "actors/cluster.hpp"

#include <algorithm>
#include <set>

#include "placement/codec.hpp"
#include "telemetry/log.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;
constexpr auto tick_every = 250ms;

}  // namespace

cluster::cluster(caf::actor_config& cfg, environment_ptr env, std::shared_ptr<peers> links,
                 std::optional<security::identity> identity, node_actor node)
    : observed(cfg, {actor_kind::cluster, "cluster", "node"}),
      env_(std::move(env)),
      links_(std::move(links)),
      identity_(std::move(identity)),
      node_(std::move(node)),
      self_mutex_(std::make_shared<std::mutex>()),
      self_info_(std::make_shared<peer_info>()) {
  set_down_handler([this](const caf::down_msg& m) {
    if (map_shard_ && m.source == map_shard_->address()) {
      map_shard_.reset();
      map_leader_ = false;
      start_map_shard(false);
      return;
    }
    for (auto& [address, handle] : dialed_) {
      if (handle.address() == m.source) {
        handle = spawn<link>(context_, address);
        monitor(handle);
        return;
      }
    }
  });
}

cluster::behavior_type cluster::make_behavior() {
  begin();
  return {[this](const map_ptr& map) { take_map(map); },
          [this](const peer_change_ptr& c) { take_change(*c); },
          [this](const peer_word_ptr& w) { take_word(*w); },
          [this](const leader_notice_ptr& n) { take_leader(*n); },
          [this](const group_report_ptr& g) { take_group(*g); },
          [this](const map_proposal_ptr& wish) { take_wish(wish); },
          [this](retired_atom) { drop_map(); },
          [this](rebalance_atom) {
            rebalancing_ = true;
            next_plan_ = {};
            plan_on_time(clock::now());
          },
          [this](drain_atom) {
            peer_word w;
            w.draining = true;
            links_->word_to_all(w);
            if (map_shard_) {
              caf::anon_send(*map_shard_, drain_atom::value);
            }
          },
          [this](tick_atom) { tick(); }};
}

void cluster::on_exit() {
  if (map_shard_) {
    anon_send_exit(*map_shard_, caf::exit_reason::user_shutdown);
  }
  for (const auto& [address, handle] : dialed_) {
    anon_send_exit(handle, caf::exit_reason::user_shutdown);
  }
  // Handles keep actors in memory, and these hold each other's.
  map_shard_.reset();
  dialed_.clear();
  node_ = nullptr;
}

peer_info cluster::self() const {
  const std::lock_guard lock(*self_mutex_);
  return *self_info_;
}

void cluster::begin() {
  {
    const std::lock_guard lock(*self_mutex_);
    *self_info_ = {env_->board.self(),
                   env_->config.node.name,
                   placement::version_in_map(GREENROOM_VERSION),
                   env_->config.cluster.port == 0 ? "" : env_->config.cluster.advertise,
                   uuid{},
                   0};
  }
  if (identity_) {
    auto context = std::make_shared<link_context>(link_context{
        env_, links_, *identity_, [env = env_, mutex = self_mutex_, info = self_info_] {
          const std::lock_guard lock(*mutex);
          auto own = *info;
          own.kept = env->log.kept();
          return own;
        }});
    context_ = context;
    links_->set_cluster(caf::actor_cast<cluster_actor>(this));
    for (const auto& link : links_->views()) {
      up_[link.who.id] = link.who;  // after a failure: links that others dialed are still there
    }
    // Likewise what this node leads, which peers that come later want to know.
    const auto routes = env_->board.routes();
    for (std::size_t shard = 0; shard < routes->shards.size(); ++shard) {
      const auto& route = routes->shards[shard];
      if (route.leader == env_->board.self()) {
        const auto number = static_cast<std::uint16_t>(shard);
        led_here_[number] = {number, route.term, route.leader};
      }
    }
    dial_all();
  }
  if (const auto stored = env_->db.meta("cluster_map")) {
    if (auto map = placement::decode_map(*stored)) {
      take_map(std::make_shared<const placement::cluster_map>(std::move(*map)));
    } else {
      telemetry::log("cluster").error("the stored cluster map is damaged: {}", map.error().message);
    }
  }
  if (!map_shard_ && env_->db.meta("keeps_map") == "yes") {
    start_map_shard(false);
  }
  delayed_send(this, 0ms, tick_atom::value);
}

// -- the map
// ------------------------------------------------------------------------------------------

void cluster::take_map(const map_ptr& map) {
  if (map == nullptr || map->cluster_id.is_nil() || (map_ && map->epoch <= map_->epoch)) {
    return;
  }
  if (map_ && map->cluster_id != map_->cluster_id) {
    telemetry::log("cluster").error("refused the map of another cluster, {}",
                                    map->cluster_id.str());
    return;
  }
  const bool first = map_ == nullptr;
  map_ = map;
  {
    const std::lock_guard lock(*self_mutex_);
    self_info_->cluster_id = map->cluster_id;
  }
  if (const auto ok = env_->db.set_meta("cluster_map", placement::encode(*map)); !ok) {
    telemetry::log("cluster").error("the cluster map cannot be stored: {}", ok.error().message);
  }
  if (first) {
    telemetry::log("cluster").info("cluster {}, {} shards", map->cluster_id.str(),
                                   map->shard_count);
  }
  env_->board.set_map(map);
  caf::anon_send(node_, map);
  dial_all();
  keep_map_too();
  follow_own_state();
  if (map_leader_) {
    peer_word w;
    w.map = map;
    links_->word_to_all(w);
  }
}

/// Also on every tick: after a failure of this actor, links of its predecessor are still up when it
/// begins, and go down later.
void cluster::dial_all() {
  if (!context_) {
    return;
  }
  const auto& config = env_->config.cluster;
  const auto* known = map_ ? placement::find_node(*map_, env_->board.self()) : nullptr;
  // Where the others look for this node: they cannot dial it where it is now.
  const bool has_moved = known != nullptr && known->address != config.advertise;
  std::set<std::string> wanted;
  // One connection a pair: the lower address dials. A seed does not know us, so it is dialed.
  const auto want = [&](const std::string& address, bool always) {
    if (!address.empty() && address != config.advertise && (always || config.advertise < address)) {
      wanted.insert(address);
    }
  };
  for (const auto& address : config.initial_nodes) {
    want(address, has_moved);
  }
  for (const auto& address : config.seeds) {
    want(address, true);
  }
  if (map_) {
    for (const auto& member : map_->members) {
      if (member.id != env_->board.self() && placement::is_present(member.state)) {
        want(member.address, has_moved);
      }
    }
  }
  for (const auto& address : wanted) {
    dial(address);
  }
  // Where nobody is expected any more nobody is looked for, and where it is the other side's turn
  // to dial, a second connection would end the first.
  std::erase_if(dialed_, [&](const auto& entry) {
    const auto& [address, handle] = entry;
    if (wanted.contains(address) || is_linked(address)) {
      return false;
    }
    demonitor(handle.address());
    anon_send_exit(handle, caf::exit_reason::user_shutdown);
    return true;
  });
}

bool cluster::is_linked(const std::string& address) const {
  return std::any_of(up_.begin(), up_.end(),
                     [&](const auto& peer) { return peer.second.address == address; });
}

void cluster::dial(const std::string& address) {
  if (dialed_.contains(address) || is_linked(address)) {
    return;
  }
  auto handle = spawn<link>(context_, address);
  monitor(handle);
  dialed_.emplace(address, handle);
}

// -- peers
// -----------------------------------------------------------------------------------------------

void cluster::take_change(const peer_change& c) {
  if (c.up) {
    up_[c.who.id] = c.who;
    heard_[c.who.id] = clock::now();
    silent_.erase(c.who.id);
    env_->disks.note(c.who.id, c.who.kept);
    peer_word w;
    w.announce = true;
    links_->word(c.who.id, w);
    announce_to(c.who.id);
  } else {
    up_.erase(c.who.id);
    heard_.erase(c.who.id);
    silent_.erase(c.who.id);
    last_up_[c.who.id] = clock::now();
    env_->board.forget_leader(c.who.id);
    env_->paces.forget(c.who.id);
  }
}

void cluster::announce_to(const node_id& peer) {
  if (map_) {
    peer_word w;
    w.map = map_;
    links_->word(peer, w);
  }
  for (const auto& [shard, notice] : led_here_) {
    peer_word w;
    w.leader = notice;
    links_->word(peer, w);
  }
}

void cluster::take_word(const peer_word& w) {
  if (const auto last = heard_.find(w.from); last != heard_.end()) {
    last->second = clock::now();
    if (silent_.erase(w.from) > 0) {
      links_->set_silent(w.from, false);
    }
  }
  if (w.announce) {
    announce_to(w.from);
  }
  if (w.map) {
    take_map(w.map);
  }
  if (w.leader) {
    // A node speaks for itself alone.
    if (w.leader->leader == w.from) {
      env_->board.set_leader(*w.leader);
      if (const auto own = led_here_.find(w.leader->shard);
          own != led_here_.end() && own->second.term < w.leader->term) {
        led_here_.erase(own);
      }
    }
  }
  if (w.join) {
    admit(*w.join);
  }
  if (w.draining) {
    links_->set_draining(w.from);
  }
  if (w.group) {
    take_group(*w.group);
  }
  for (const auto& u : w.used) {
    env_->limiter.charge(u, clock::now());
  }
  if (w.kept != 0) {
    env_->disks.note(w.from, w.kept);
    // A word that was on its way when the link went down says nothing any more.
    if (up_.contains(w.from)) {
      env_->paces.note(w.from, {w.sync_us, w.bad_disk});
    }
  }
}

void cluster::take_leader(const leader_notice& n) {
  if (n.shard == 0) {
    const bool led = std::exchange(map_leader_, n.leader == env_->board.self());
    if (!led && !map_leader_) {
      return;  // a follower's news; its leader speaks for itself
    }
  }
  env_->board.set_leader(n);
  if (n.leader == env_->board.self()) {
    led_here_[n.shard] = n;
    peer_word w;
    w.leader = n;
    links_->word_to_all(w);
  } else {
    led_here_.erase(n.shard);
  }
}

void cluster::tick() {
  delayed_send(this, tick_every, tick_atom::value);
  become_known_as(out_          ? "out"
                  : !map_       ? (forming_ ? "forming" : "looking for a cluster")
                  : map_leader_ ? "map leader"
                  : drained_    ? "drained"
                                : "member");
  links_->sweep();
  dial_all();
  tell_kept(clock::now());
  watch_peers(clock::now());
  if (!map_ && !forming_) {
    find_cluster();
  }
  if (map_ && !out_) {
    ask_to_join();
    plan_on_time(clock::now());
  }
}

}  // namespace greenroom::actors

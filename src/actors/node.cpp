// SPDX-License-Identifier: MIT
#include "actors/node.hpp"

#include <algorithm>

#include "actors/admin.hpp"
#include "actors/cluster.hpp"
#include "actors/presence.hpp"
#include "actors/searcher.hpp"
#include "actors/shard.hpp"
#include "actors/webhook_sender.hpp"
#include "telemetry/log.hpp"

namespace greenroom::actors {

node::node(caf::actor_config& cfg, environment_ptr env, std::shared_ptr<peers> links,
           std::optional<security::identity> identity, std::function<gate_actor()> open_gate)
    : observed(cfg, {actor_kind::node, env->config.node.name, ""}),
      env_(std::move(env)),
      links_(std::move(links)),
      identity_(std::move(identity)),
      open_gate_(std::move(open_gate)) {
  set_down_handler([this](const caf::down_msg& m) {
    if (stopping_) {
      return;
    }
    if (m.source == cluster_.address()) {
      start_cluster();
    } else if (m.source == admin_.address()) {
      start_admin();
    } else if (m.source == presence_.address()) {
      start_presence();
    } else if (gate_ && m.source == gate_.address()) {
      start_gate();
    } else if (searcher_ && m.source == searcher_->address()) {
      start_searcher();
    } else if (m.source == webhooks_.address()) {
      start_webhooks();
    } else if (m.source == canary_.address()) {
      start_canary();
    } else {
      for (const auto& [number, handle] : shards_) {
        if (handle.address() == m.source) {
          start_shard(number);
          return;
        }
      }
    }
  });
}

node::behavior_type node::make_behavior() {
  become_known_as("running");
  start_cluster();
  start_admin();
  start_presence();
  start_gate();
  start_searcher();
  start_webhooks();
  start_canary();
  return {[this](const map_ptr& map) { take_map(map); }, [this](stop_atom) { stop(); },
          [this](drain_atom) {
            caf::anon_send(cluster_, drain_atom::value);
            for (const auto& [number, handle] : shards_) {
              caf::anon_send(handle, drain_atom::value);
            }
          },
          [this](retired_atom, std::uint16_t number) { drop_shard(number); }, [](tick_atom) {}};
}

void node::on_exit() {
  for (const auto& [number, handle] : shards_) {
    anon_send_exit(handle, caf::exit_reason::user_shutdown);
  }
  anon_send_exit(cluster_, caf::exit_reason::user_shutdown);
  anon_send_exit(admin_, caf::exit_reason::user_shutdown);
  anon_send_exit(presence_, caf::exit_reason::user_shutdown);
  anon_send_exit(webhooks_, caf::exit_reason::user_shutdown);
  anon_send_exit(canary_, caf::exit_reason::user_shutdown);
  if (gate_) {
    anon_send_exit(gate_, caf::exit_reason::user_shutdown);
  }
  if (searcher_) {
    anon_send_exit(*searcher_, caf::exit_reason::user_shutdown);
  }
  // Handles keep actors in memory, and these hold each other's.
  shards_.clear();
  cluster_ = nullptr;
  admin_ = nullptr;
  presence_ = nullptr;
  webhooks_ = nullptr;
  canary_ = nullptr;
  gate_ = nullptr;
  open_gate_ = nullptr;
  searcher_.reset();
  env_->searcher.set(std::nullopt);
  env_->cluster.set(std::nullopt);
  env_->board.set_presence(std::nullopt);
}

void node::start_cluster() {
  cluster_ = spawn<cluster>(env_, links_, identity_, caf::actor_cast<node_actor>(this));
  monitor(cluster_);
  env_->cluster.set(cluster_);
}

void node::start_admin() {
  // On a thread of its own: long lists, reads of the store and synced audit lines keep nobody
  // waiting.
  admin_ = spawn<admin, caf::detached>(env_, links_);
  monitor(admin_);
  links_->set_admin(admin_);
  env_->admin.set(admin_);
}

void node::start_presence() {
  presence_ = spawn<presence>(env_);
  monitor(presence_);
  env_->board.set_presence(presence_);
  for (const auto& s : env_->board.sessions()) {
    anon_send(s, presence_atom::value);
  }
}

void node::start_gate() {
  if (open_gate_) {
    gate_ = open_gate_();
    if (gate_) {
      monitor(gate_);
    }
  }
}

void node::start_searcher() {
  if (env_->config.search.enabled) {
    searcher_ = spawn<searcher, caf::detached>(env_);
    monitor(*searcher_);
    env_->searcher.set(searcher_);
  }
}

void node::start_webhooks() {
  webhooks_ = spawn<webhook_sender>(env_);
  monitor(webhooks_);
}

/// It stands where the relay of a room with this node's id would (process.cpp).
void node::start_canary() {
  env_->health.expect_delivery();
  canary_ = env_->board.relay_of(env_->board.self());
  monitor(canary_);
}

void node::take_map(const map_ptr& map) {
  map_ = map;
  for (const auto& placed : map->shards) {
    if (placed.shard != 0 && !shards_.contains(placed.shard) && keeps(placed)) {
      start_shard(placed.shard);
    }
  }
}

/// What is on the disk is needed until the group is known to go on without it.
bool node::keeps(const placement::shard_placement& placed) const {
  if (std::find(placed.replicas.begin(), placed.replicas.end(), env_->board.self()) !=
      placed.replicas.end()) {
    return true;
  }
  const store::log_reader log(env_->db, placed.shard);
  return log.last_index() != 0 || log.mark().has_value();
}

void node::start_shard(std::uint16_t number) {
  const auto& founders = map_->shards.at(number).founders;
  const auto tell = [env = env_](auto what) {
    if (const auto present = env->cluster.get()) {
      caf::anon_send(*present, std::make_shared<const decltype(what)>(std::move(what)));
    }
  };
  const auto self = caf::actor_cast<node_actor>(this);
  const auto handle = spawn<shard>(
      env_, number, founders,
      shard::duties{.announce = tell, .report = tell, .retired = [self](std::uint16_t gone) {
                      caf::anon_send(self, retired_atom::value, gone);
                    }});
  monitor(handle);
  shards_[number] = handle;
  env_->board.put_shard(number, handle);
  env_->board.put_replica(number, caf::actor_cast<caf::actor>(handle));
}

void node::drop_shard(std::uint16_t number) {
  const auto it = shards_.find(number);
  if (it == shards_.end()) {
    return;
  }
  env_->board.drop_replica(number);
  demonitor(it->second.address());
  anon_send_exit(it->second, caf::exit_reason::user_shutdown);
  shards_.erase(it);
  if (map_) {
    take_map(map_);  // it may be wanted again by now
  }
}

void node::stop() {
  stopping_ = true;
  become_known_as("stopping");
  quit(caf::exit_reason::user_shutdown);
}

}  // namespace greenroom::actors

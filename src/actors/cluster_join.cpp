// SPDX-License-Identifier: MIT
/// Forming a cluster, joining one, and letting others in.

#include <algorithm>

#include "actors/cluster.hpp"
#include "actors/token_keys.hpp"
#include "security/tokens.hpp"
#include "telemetry/log.hpp"
#include "telemetry/repeats.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;
constexpr auto join_again_after = 1s;

}  // namespace

placement::node_info cluster::own_info() const {
  const auto me = self();
  return {me.id, me.name, me.address, me.version, placement::node_state::active, now_ms()};
}

bool cluster::leads_map() const {
  return map_shard_.has_value() && map_leader_;
}

void cluster::start_map_shard(bool bootstrap) {
  const auto self = caf::actor_cast<cluster_actor>(this);
  map_shard_ = spawn<map_shard>(
      env_, bootstrap,
      map_shard::duties{
          .on_map = [self](map_ptr map) { caf::anon_send(self, std::move(map)); },
          .on_role =
              [self, me = env_->board.self()](raft::role now, std::uint64_t term) {
                leader_notice n;
                n.shard = 0;
                n.term = term;
                if (now == raft::role::leader) {
                  n.leader = me;
                }
                caf::anon_send(self, leader_notice_ptr(std::make_shared<const leader_notice>(n)));
              },
          .report =
              [env = env_](placement::report_group g) {
                if (const auto present = env->cluster.get()) {
                  caf::anon_send(
                      *present, group_report_ptr(
                                    std::make_shared<const placement::report_group>(std::move(g))));
                }
              },
          .retired = [self] { caf::anon_send(self, retired_atom::value); }});
  monitor(*map_shard_);
  env_->board.put_replica(0, caf::actor_cast<caf::actor>(*map_shard_));
}

/// When the map says that a replica of it shall be here.
void cluster::keep_map_too() {
  const auto& replicas = map_->shards.front().replicas;
  if (map_shard_ ||
      std::find(replicas.begin(), replicas.end(), env_->board.self()) == replicas.end()) {
    return;
  }
  if (const auto ok = env_->db.set_meta("keeps_map", "yes"); !ok) {
    telemetry::log("cluster").error("{}", ok.error().message);
    return;
  }
  start_map_shard(false);
}

/// The group goes on without this node, and nothing of it is left on the disk.
void cluster::drop_map() {
  if (!map_shard_) {
    return;
  }
  if (const auto ok = env_->db.set_meta("keeps_map", "no"); !ok) {
    telemetry::log("cluster").error("{}", ok.error().message);
  }
  env_->board.drop_replica(0);
  demonitor(map_shard_->address());
  anon_send_exit(*map_shard_, caf::exit_reason::user_shutdown);
  map_shard_.reset();
  map_leader_ = false;
  if (map_) {
    keep_map_too();  // it may be wanted again by now
  }
}

// -- finding or forming a cluster
// -----------------------------------------------------------------------

void cluster::find_cluster() {
  const auto& config = env_->config.cluster;
  for (const auto& [id, peer] : up_) {
    if (!peer.cluster_id.is_nil()) {
      ask_to_join();
      return;
    }
  }
  if (config.port == 0 || (config.initial_nodes.empty() && config.seeds.empty())) {
    form();
    return;
  }
  // Only the first of the list forms, and only when it has asked all others: a node that had a
  // cluster would have said so.
  if (!config.initial_nodes.empty() && config.initial_nodes.front() == config.advertise) {
    std::set<std::string> linked;
    for (const auto& [id, peer] : up_) {
      linked.insert(peer.address);
    }
    const bool all = std::all_of(config.initial_nodes.begin(), config.initial_nodes.end(),
                                 [&](const std::string& address) {
                                   return address == config.advertise || linked.contains(address);
                                 });
    if (all) {
      form();
    }
  }
}

void cluster::form() {
  forming_ = true;
  uuid_generator ids;
  placement::form_cluster command;
  command.cluster_id = ids(now_ms());
  command.shard_count = static_cast<std::uint16_t>(env_->config.cluster.shards);
  command.expected_nodes = static_cast<std::uint16_t>(std::max<std::size_t>(
      1, env_->config.cluster.port == 0 ? 1 : env_->config.cluster.initial_nodes.size()));
  command.replicas = static_cast<std::uint16_t>(env_->config.cluster.replicas);
  command.first_node = own_info();
  command.first_key = fresh_key();
  command.fingerprint_key = security::random_bytes(placement::fingerprint_key_bytes);
  telemetry::log("cluster").info("forming cluster {} of {} nodes", command.cluster_id.str(),
                                 command.expected_nodes);
  if (const auto ok = env_->db.set_meta("keeps_map", "yes"); !ok) {
    telemetry::log("cluster").error("{}", ok.error().message);
    forming_ = false;
    return;
  }
  start_map_shard(true);
  change_map(std::move(command));
}

void cluster::change_map(placement::command what) {
  if (!map_shard_) {
    return;
  }
  auto p = std::make_shared<map_proposal>();
  p->what = std::move(what);
  p->done = [](const std::optional<error>& failure) {
    if (failure && failure->code != ec::conflict) {
      telemetry::log_seldom({.component = "cluster", .key = "map not changed"},
                            "the cluster map was not changed: {}", failure->message);
    }
  };
  caf::anon_send(*map_shard_, map_proposal_ptr(std::move(p)));
}

// -- joining
// ------------------------------------------------------------------------------------------------

void cluster::ask_to_join() {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_join_) {
    return;
  }
  next_join_ = now + join_again_after;
  const auto me = own_info();
  if (map_) {
    const auto* known = placement::find_node(*map_, me.id);
    const bool current = known != nullptr && known->name == me.name &&
                         known->address == me.address && known->version == me.version &&
                         known->state != placement::node_state::joining;
    if (current) {
      const bool unplaced =
          std::any_of(map_->shards.begin() + 1, map_->shards.end(),
                      [](const placement::shard_placement& s) { return s.replicas.empty(); });
      if (leads_map() && unplaced && placement::count_active(*map_) >= map_->expected_nodes) {
        change_map(placement::place_shards{});
      }
      return;
    }
    if (leads_map()) {
      if (me.address.empty() && known != nullptr) {
        // A cluster of one, which nobody can join, and whose program is another one now.
        change_map(placement::update_node{me.id, {}, me.version, {}});
      } else {
        change_map(placement::join_node{me});
      }
      return;
    }
  }
  // Whoever is asked passes it on to the node that keeps the map.
  peer_word w;
  w.join = me;
  for (const auto& [id, peer] : up_) {
    if (!peer.cluster_id.is_nil() || map_) {
      links_->word(id, w);
    }
  }
}

void cluster::admit(const placement::node_info& who) {
  if (leads_map()) {
    change_map(placement::join_node{who});
  }
}

}  // namespace greenroom::actors

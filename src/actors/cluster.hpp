// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// CLUSTER: who belongs to the cluster, and how this node came to be part of it.
///
/// Owns: this node's knowledge of the cluster map (kept in the store, so that a node that starts
/// alone knows its shards), the map shard if it lives here, one link per other node.
/// Takes: newer maps, links that came up or went down, words of peers, terms won by local shards,
/// what they find of their groups, and what an operator wants changed.
/// Sends: the map to the switchboard and the node actor; join, map, group and leader words to
/// peers. Dies: respawned by the node; links and map shard are children and come back with it.
///
/// Bootstrap: a node with a cluster in its store goes on with it. With an empty store it asks every
/// node of cluster.initial_nodes: if one has a cluster, this node joins it under its new id (an
/// empty disk is never the old node). Otherwise the first of the list forms the cluster once all
/// are linked, so that two halves can never form two. With cluster.seeds alone it joins and never
/// forms; with neither it is a cluster of one.
///
/// Where the map is led, what it should become next is planned here (placement/plan.hpp).

#include <map>
#include <optional>
#include <set>

#include "actors/base.hpp"
#include "actors/cluster_interfaces.hpp"
#include "actors/environment.hpp"
#include "actors/link.hpp"
#include "actors/map_shard.hpp"

namespace greenroom::actors {

class cluster final : public observed<cluster_actor> {
 public:
  /// `identity` is empty in a cluster of one.
  cluster(caf::actor_config& cfg, environment_ptr env, std::shared_ptr<peers> links,
          std::optional<security::identity> identity, node_actor node);

 protected:
  behavior_type make_behavior() override;
  void describe(self_report& to) const override;
  void on_exit() override;

 private:
  using clock = std::chrono::steady_clock;

  // cluster.cpp
  void begin();
  void take_map(const map_ptr& map);
  void take_change(const peer_change& c);
  void take_word(const peer_word& w);
  void take_leader(const leader_notice& n);
  void tick();
  void dial_all();
  void dial(const std::string& address);
  [[nodiscard]] bool is_linked(const std::string& address) const;
  void announce_to(const node_id& peer);
  [[nodiscard]] peer_info self() const;

  // cluster_join.cpp
  void start_map_shard(bool bootstrap);
  void find_cluster();
  void form();
  void ask_to_join();
  void admit(const placement::node_info& who);
  void change_map(placement::command what);
  [[nodiscard]] placement::node_info own_info() const;
  void keep_map_too();
  void drop_map();
  [[nodiscard]] bool leads_map() const;

  // cluster_changes.cpp
  void plan_on_time(clock::time_point now);
  void look_after_keys();
  void take_group(const placement::report_group& g);
  void take_wish(const map_proposal_ptr& wish);
  void follow_own_state();
  void tell_kept(clock::time_point now);
  void watch_peers(clock::time_point now);

  environment_ptr env_;
  std::shared_ptr<peers> links_;
  std::optional<security::identity> identity_;
  node_actor node_;
  link_context_ptr context_;
  map_ptr map_;
  std::shared_ptr<std::mutex> self_mutex_;
  std::shared_ptr<peer_info> self_info_;
  std::optional<map_shard_actor> map_shard_;
  bool map_leader_ = false;
  bool forming_ = false;
  std::map<std::string, link_actor> dialed_;
  std::map<node_id, peer_info> up_;
  std::map<std::uint16_t, leader_notice> led_here_;
  clock::time_point next_join_{};
  clock::time_point next_plan_{};
  clock::time_point next_keys_{};
  clock::time_point next_kept_{};
  std::map<node_id, clock::time_point> heard_;    ///< the last word of nodes with a link
  std::set<node_id> silent_;                      ///< … that should have come long ago
  std::map<node_id, clock::time_point> last_up_;  ///< of nodes whose link went down
  bool rebalancing_ = false;                      ///< until nothing is left to be moved
  bool drained_ = false;
  bool out_ = false;  ///< is no member any more, and about to end
};

}  // namespace greenroom::actors

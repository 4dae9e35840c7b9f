// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// MAP SHARD: the replica of shard 0, whose state is the cluster map.
///
/// Owns: the Raft instance of shard 0 and its state machine.
/// Takes: proposals to change the map, synced from the log writer, messages of the group's other
/// replicas.
/// Sends: the map after each change, to the cluster actor (through `on_map`); messages to the other
/// replicas. As leader it makes the group what the map says that it shall be: shard 0 begins on the
/// node that forms the cluster and grows, one server at a time. As leader whose disk is slow or
/// damaged it hands over to another.
/// Dies: respawned by the cluster actor from the store, once what it has given to the log writer is
/// on the disk; proposals in flight are answered as unknown. So are they when the group has gone on
/// without this replica, and those that come until it is ended.

#include <functional>
#include <unordered_map>

#include "actors/base.hpp"
#include "actors/cluster_interfaces.hpp"
#include "actors/environment.hpp"
#include "actors/group_keeper.hpp"
#include "actors/replica_door.hpp"
#include "actors/server_names.hpp"
#include "raft/map_machine.hpp"
#include "raft/replica.hpp"

namespace greenroom::actors {

/// Milliseconds of the steady clock, as replicas want them.
raft::steady_ms steady_now() noexcept;

class map_shard final : public observed<map_shard_actor> {
 public:
  using map_listener = std::function<void(map_ptr)>;
  using role_listener = std::function<void(raft::role, std::uint64_t term)>;
  /// As of a shard (shard.hpp).
  struct duties {
    map_listener on_map;
    role_listener on_role;
    group_keeper::reporter report;
    std::function<void()> retired;
  };
  map_shard(caf::actor_config& cfg, environment_ptr env, bool bootstrap, duties what);

 protected:
  behavior_type make_behavior() override;
  void describe(self_report& to) const override;
  void on_exit() override;

 private:
  void start_replica();
  void dropped(std::uint64_t tag);
  void applied(const raft::map_machine::applied_change& change);
  void propose(const map_proposal_ptr& p);
  void arm_tick();
  void send(raft::server_id to, std::string message, bool transfer);
  void tick();
  void step_back();
  void give_way(group_keeper::clock::time_point now);
  void retire();
  void answer_all(const error& why);

  environment_ptr env_;
  duties duties_;
  const bool bootstrap_;
  server_names names_;
  group_keeper keeper_;
  std::shared_ptr<replica_door> door_;
  std::vector<map_proposal_ptr> early_;  ///< came before the replica was there
  std::unordered_map<std::uint64_t, map_proposal_ptr> proposals_;
  std::uint64_t tags_ = 0;
  bool draining_ = false;
  bool retired_ = false;
  group_keeper::clock::time_point next_hand_over_{};
  std::unique_ptr<raft::map_machine> machine_;
  std::unique_ptr<raft::replica> replica_;
};

}  // namespace greenroom::actors

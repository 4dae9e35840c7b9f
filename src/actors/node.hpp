// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// NODE: the root of supervision.
///
/// Owns: the cluster and admin actors, the searcher, the sender of webhooks, the canary, the gate
/// on the cluster port, and one shard actor per replica that the map places here, or that is on the
/// disk although it does not any more. Takes: newer maps, shards that have gone from the disk,
/// stop. Sends: nothing but its children's births. Dies: the process ends with an error code (main
/// watches it).

#include <functional>
#include <map>
#include <memory>

#include "actors/base.hpp"
#include "actors/cluster_interfaces.hpp"
#include "actors/environment.hpp"
#include "actors/peers.hpp"
#include "security/identity.hpp"

namespace greenroom::actors {

class node final : public observed<node_actor> {
 public:
  node(caf::actor_config& cfg, environment_ptr env, std::shared_ptr<peers> links,
       std::optional<security::identity> identity, std::function<gate_actor()> open_gate);

 protected:
  behavior_type make_behavior() override;
  void describe(self_report& to) const override;
  void on_exit() override;

 private:
  void start_cluster();
  void start_admin();
  void start_presence();
  void start_gate();
  void start_searcher();
  void start_webhooks();
  void start_canary();
  void take_map(const map_ptr& map);
  void start_shard(std::uint16_t number);
  void drop_shard(std::uint16_t number);
  [[nodiscard]] bool keeps(const placement::shard_placement& placed) const;
  void stop();

  environment_ptr env_;
  std::shared_ptr<peers> links_;
  std::optional<security::identity> identity_;
  std::function<gate_actor()> open_gate_;
  gate_actor gate_;
  map_ptr map_;
  cluster_actor cluster_;
  admin_actor admin_;
  presence_actor presence_;
  std::optional<searcher_actor> searcher_;
  webhook_actor webhooks_;
  relay_actor canary_;
  std::map<std::uint16_t, shard_actor> shards_;
  bool stopping_ = false;
};

}  // namespace greenroom::actors

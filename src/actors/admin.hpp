// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// ADMIN: answers the console, for this node and, by asking their admin actors, for all.
///
/// Owns: console requests in hand with their deadlines.
/// Takes: requests of the admin socket or of another node's admin actor; replies to its calls.
/// Sends: admin_query to other nodes, user_issue to leaders of users.
/// Dies: respawned by the node; requests in hand are answered with an error first.
///
/// Verbs (docs/operations.md): nodes, shards, actors, links, settings, health, token issue,
/// chaos fail.

#include <deque>
#include <unordered_map>

#include "actors/base.hpp"
#include "actors/environment.hpp"
#include "actors/interfaces.hpp"
#include "actors/peers.hpp"

namespace greenroom::actors {

class admin final : public observed<admin_actor> {
 public:
  admin(caf::actor_config& cfg, environment_ptr env, std::shared_ptr<peers> links);

 protected:
  behavior_type make_behavior() override;
  void on_exit() override;

 private:
  using clock = std::chrono::steady_clock;
  using rows = std::vector<nlohmann::json>;

  /// A list being gathered from all nodes.
  struct gathering {
    answer_once done;
    std::vector<std::string> columns;
    rows found;
    std::vector<std::pair<std::string, std::string>> missing;
    std::unordered_map<call_number, std::string> waiting;  ///< node names
    clock::time_point deadline;
    bool from_many = false;
  };
  /// Tokens being issued, a few at a time.
  struct issuing {
    answer_once done;
    std::deque<std::string> names;
    bool create = false;
    std::unordered_map<call_number, std::string> waiting;
    std::unordered_map<std::string, int> tries;
    std::unordered_map<std::string, std::string> tokens;
    std::vector<std::string> order;
    clock::time_point deadline;
  };

  void take(const admin_request& r);
  void take_reply(const reply& r);
  void tick();
  void arm_tick();
  void gather(const nlohmann::json& request, std::vector<std::string> columns, rows own,
              const answer_once& done, bool local_only, clock::time_point deadline);
  void finish(const std::shared_ptr<gathering>& g);
  void issue(const nlohmann::json& args, const answer_once& done, clock::time_point deadline);
  void issue_some(const std::shared_ptr<issuing>& i);

  [[nodiscard]] rows own_nodes() const;
  [[nodiscard]] rows own_shards() const;
  [[nodiscard]] rows own_actors(const nlohmann::json& args) const;
  [[nodiscard]] rows own_links() const;
  [[nodiscard]] std::string name_of(const node_id& id) const;

  environment_ptr env_;
  std::shared_ptr<peers> links_;
  std::vector<std::shared_ptr<gathering>> gatherings_;
  std::vector<std::shared_ptr<issuing>> issuings_;
  bool tick_armed_ = false;
  const clock::time_point started_ = clock::now();
};

}  // namespace greenroom::actors

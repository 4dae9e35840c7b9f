// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// ADMIN: answers the console, for this node and, by asking their admin actors, for all.
///
/// Owns: console requests in hand with their deadlines.
/// Takes: requests of the admin socket or of another node's admin actor; replies to its calls.
/// Sends: admin_query to other nodes, user_* to leaders of users, changes of the map to the
/// cluster actor where the map is led.
/// Dies: respawned by the node; requests in hand are answered with an error first.
///
/// Verbs (docs/operations.md): nodes, shards, actors, links, settings, health, cluster status,
/// token issue|list|revoke, user role|deactivate|reopen|erase|export, chaos fail, rebalance,
/// announce, audit tail, and those of operations.hpp. What is done is in the audit log before it is
/// answered.

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
    /// Makes of the rows what is shown; empty: they are.
    std::function<void(gathering&)> shape;
  };
  /// A request that the leader of the cluster map answers.
  struct passed_on {
    answer_once done;
    clock::time_point deadline;
  };
  /// Tokens being issued, a few at a time.
  struct issuing {
    answer_once done;
    std::deque<std::string> names;
    bool create = false;
    user_issue wanted;  ///< what all of them are alike in
    std::unordered_map<call_number, std::string> waiting;
    std::unordered_map<std::string, int> tries;
    std::unordered_map<std::string, std::string> tokens;
    std::vector<std::string> order;
    clock::time_point deadline;
  };

  static nlohmann::json failure(std::string_view code, std::string message);

  // admin.cpp
  void take(const admin_request& r);
  void take_reply(const reply& r);
  void tick();
  void arm_tick();

  // admin_announce.cpp
  void announce(const nlohmann::json& args, const answer_once& done, clock::time_point deadline);

  // admin_audit.cpp
  [[nodiscard]] admin_request audited(const admin_request& r) const;
  void show_audit(const admin_request& r, const nlohmann::json& args, clock::time_point deadline);

  // admin_lists.cpp
  void gather(const nlohmann::json& request, std::vector<std::string> columns, rows own,
              const answer_once& done, bool local_only, clock::time_point deadline,
              std::function<void(gathering&)> shape = {});
  void finish(const std::shared_ptr<gathering>& g);

  // admin_tokens.cpp
  void issue(const nlohmann::json& args, const answer_once& done, clock::time_point deadline);
  void issue_some(const std::shared_ptr<issuing>& i);
  void take_token(const reply& r);
  void change_token(const std::string& verb, const nlohmann::json& args, const answer_once& done,
                    clock::time_point deadline);
  void ask_user(const uuid& user, call_body body, const answer_once& done,
                clock::time_point deadline);

  // admin_users.cpp
  void change_user(const std::string& verb, const nlohmann::json& args, const answer_once& done,
                   clock::time_point deadline);
  bool take_user(const reply& r);

  // admin_shards.cpp
  void list_shards(const admin_request& r, clock::time_point deadline);
  void show_status(const admin_request& r, clock::time_point deadline);
  [[nodiscard]] rows led_shards() const;
  void complete(gathering& g) const;
  void judge(gathering& g) const;

  // admin_changes.cpp
  void change(const admin_request& r, const std::string& verb, const nlohmann::json& args,
              clock::time_point deadline);
  void carry_out(const std::string& verb, const nlohmann::json& args, const answer_once& done);

  // admin_lists.cpp
  [[nodiscard]] rows own_nodes() const;
  [[nodiscard]] rows own_actors(const nlohmann::json& args) const;
  [[nodiscard]] rows own_links() const;
  [[nodiscard]] std::string name_of(const node_id& id) const;

  environment_ptr env_;
  std::shared_ptr<peers> links_;
  std::vector<std::shared_ptr<gathering>> gatherings_;
  std::vector<std::shared_ptr<issuing>> issuings_;
  std::unordered_map<call_number, passed_on> passed_on_;
  /// Changes of accounts, and announcements, that are under way.
  std::unordered_map<call_number, passed_on> users_;
  bool tick_armed_ = false;
  const clock::time_point started_ = clock::now();
};

}  // namespace greenroom::actors

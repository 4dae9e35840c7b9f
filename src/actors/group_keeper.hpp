// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Brings the group of a shard to what the cluster map wants it to be. Part of the actor of a
/// shard's replica, shard 0's too; not thread-safe.
///
/// The leader takes one step after the other (raft/regroup.hpp) and reports who the group consists
/// of. A replica that the map does not want asks the leader whether it still belongs: it may be
/// needed for a while, and whoever is taken out may never hear of it from the group itself. It goes
/// only when the leader says that the group is without it, and when no message of the group has
/// come since it asked, because then it belongs to a later one.

#include <chrono>
#include <functional>
#include <string_view>

#include "actors/environment.hpp"
#include "actors/server_names.hpp"
#include "raft/replica.hpp"

namespace greenroom::actors {

class group_keeper {
 public:
  using clock = std::chrono::steady_clock;
  using reporter = std::function<void(placement::report_group)>;
  group_keeper(environment& env, std::uint16_t shard, server_names& names, reporter report);

  /// On each tick and when routes change: a leader rests only while all its group's nodes are well,
  /// a follower while its leader's is.
  void watch(raft::replica& r) const;
  // On each tick, all cheap while nothing is to be done: when the replica leads, …
  void lead(raft::replica& r, clock::time_point now);
  /// … when it does not, …
  void follow(clock::time_point now);
  /// … and after either, for the console.
  void look(raft::replica& r, clock::time_point now);
  /// To the console at once: when it starts, and when it begins to lead.
  void show(raft::replica& r) const;
  /// A message of the group has come.
  void heard() noexcept { question_ = 0; }
  /// A membership message has come; `leads`: this replica leads and is settled. True: this replica
  /// has to go.
  [[nodiscard]] bool take(raft::server_id from, std::string_view message,
                          const raft::replica* leads);

 private:
  [[nodiscard]] map_ptr map() const;
  [[nodiscard]] bool is_wanted(const node_id& node) const;
  [[nodiscard]] bool has_to_wait_for_the_map(const raft::group_status& group);
  void step(raft::replica& r, const raft::group_status& group,
            const placement::shard_placement& placed);
  void report(const raft::group_status& group, const placement::shard_placement& placed,
              clock::time_point now);
  void send(const node_id& to, std::string message) const;

  environment& env_;
  const std::uint16_t shard_;
  server_names& names_;
  const reporter report_;
  clock::time_point next_look_{};
  clock::time_point next_step_{};
  clock::time_point next_hand_over_{};
  clock::time_point next_report_{};
  clock::time_point next_question_{};
  std::uint64_t question_ = 0;  ///< that an answer counts for; 0: none
  std::uint64_t questions_ = 0;
  raft::steady_ms leads_since_ = 0;
  clock::time_point map_awaited_since_{};  ///< because it does not know a server; 0: it does
};

}  // namespace greenroom::actors

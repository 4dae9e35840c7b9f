// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Which nodes have sessions of which users of a shard, how these want to be seen, and which nodes
/// watch them. Belongs to the shard while it leads and outlives the user actors, so that one that
/// was restarted still knows whom to tell.
///
/// Nodes number what they say (`order`): an attach that a detach has overtaken, or the other way
/// round, has no effect. What is visible from outside is numbered too (`version`), because those
/// who watch hear of it on several ways.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "actors/calls.hpp"

namespace greenroom::actors {

/// Thread-safe.
class online_users {
 public:
  using clock = std::chrono::steady_clock;
  using status_type = protocol::presence_status;

  /// What is visible of a user.
  struct standing {
    bool is_online = false;
    status_type status = status_type::offline;
    unix_ms status_at = 0;
    std::uint64_t version = 0;
    bool operator==(const standing&) const = default;
  };

  /// `term`: of the leader. Versions of a later term are larger than all of an earlier one.
  explicit online_users(std::uint64_t term = 0) : version_(term << version_bits) {}

  // -- who is there; each returns what is visible from now on, if that has changed
  std::optional<standing> attach(const uuid& user, const user_attach& c, clock::time_point now);
  std::optional<standing> detach(const uuid& user, const node_id& node, std::uint64_t order,
                                 clock::time_point now);
  /// Ignored when he is offline, or has said something later.
  std::optional<standing> set_status(const uuid& user, status_type status, unix_ms at);
  /// Who is offline because `node` is gone.
  std::vector<uuid> drop_node(const node_id& node);
  /// Forgets what was not confirmed since `before`; who is offline by that.
  std::vector<uuid> expire(clock::time_point before);

  [[nodiscard]] standing look(const uuid& user) const;
  [[nodiscard]] bool is_online(const uuid& user) const;
  /// Those with sessions of his.
  [[nodiscard]] std::vector<node_id> nodes_of(const uuid& user) const;
  /// All that have sessions or watch, and perhaps some that had. Costs nothing: it is asked often.
  [[nodiscard]] std::vector<node_id> nodes() const;
  [[nodiscard]] std::size_t size() const;

  // -- who watches
  /// Returns how many users the node watches.
  std::size_t watch(const shard_watch& w);
  [[nodiscard]] std::vector<node_id> watchers_of(const uuid& user) const;
  /// By node, those it watches that are offline.
  [[nodiscard]] std::map<node_id, std::vector<uuid>> watched_offline() const;

 private:
  static constexpr unsigned version_bits = 40;
  struct place {
    node_id node;
    clock::time_point confirmed;
    std::uint64_t order = 0;
    bool gone = false;  ///< kept for a while, for what is late
  };
  struct person {
    std::vector<place> places;
    status_type status = status_type::online;
    unix_ms status_at = 0;
    [[nodiscard]] bool is_online() const;
  };
  [[nodiscard]] standing visible(const person& p) const;
  standing changed(person& p);
  void forget_watcher(const node_id& node);

  mutable std::mutex mutex_;
  std::uint64_t version_;
  std::unordered_map<uuid, person, uuid_hash> people_;
  std::unordered_set<node_id, uuid_hash> nodes_;  ///< looked through by expire()
  std::unordered_map<uuid, std::vector<node_id>, uuid_hash> watchers_;  ///< by user
  std::unordered_map<node_id, std::unordered_set<uuid, uuid_hash>, uuid_hash>
      watched_;  ///< by node
};

presence_view view_of(const uuid& user, const online_users::standing& s, unix_ms last_seen);

}  // namespace greenroom::actors

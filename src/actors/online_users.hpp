// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Which nodes have sessions of which users of a shard. Belongs to the shard and outlives the user
/// actors, so that one that was restarted still knows whom to tell.

#include <chrono>
#include <cstddef>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "actors/calls.hpp"

namespace greenroom::actors {

/// Thread-safe.
class online_users {
 public:
  using clock = std::chrono::steady_clock;

  /// The node has sessions of the user; true: he was offline before.
  bool attach(const uuid& user, const node_id& node, clock::time_point now);
  /// True: he is offline now and was not before.
  bool detach(const uuid& user, const node_id& node);
  [[nodiscard]] bool is_online(const uuid& user) const;
  [[nodiscard]] std::vector<node_id> nodes_of(const uuid& user) const;
  /// Forgets what was not confirmed since `before` (the node is gone); who is offline by that.
  std::vector<uuid> expire(clock::time_point before);
  [[nodiscard]] std::size_t size() const;

 private:
  struct place {
    node_id node;
    clock::time_point confirmed;
  };

  mutable std::mutex mutex_;
  std::unordered_map<uuid, std::vector<place>, uuid_hash> places_;
};

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What a replica sees of the actor that owns it, and how the log writer's thread reaches that
/// actor. Outlives the actor until the writer has called back for the last time.

#include <caf/all.hpp>
#include <functional>

#include "actors/interfaces.hpp"
#include "raft/replica.hpp"

namespace greenroom::actors {

/// The log writer's word, as a token: everything that was given before has been written.
inline constexpr std::uint64_t log_is_settled = 0;
/// Likewise: nothing of the shard is on the disk any more.
inline constexpr std::uint64_t shard_is_retired = ~std::uint64_t{0};
/// A shard's word to itself: the proposals that were in its mailbox are gathered.
inline constexpr std::uint64_t proposals_are_gathered = ~std::uint64_t{0} - 1;

class replica_door final : public raft::replica_host {
 public:
  /// Called by the replica, on the owner's thread.
  struct duties {
    std::function<void(raft::server_id to, std::string message)> send;
    std::function<void(raft::role now, std::uint64_t term, raft::server_id leader)> role_changed;
    std::function<void(std::uint64_t tag, bool never_written)> dropped;
    std::function<void(raft::server_id to, std::string message)> send_transfer;
    std::function<void()> state_replaced;
  };
  replica_door(caf::actor_addr owner, duties what)
      : owner_(std::move(owner)), duties_(std::move(what)) {}

  void send(raft::server_id to, std::string message) override {
    duties_.send(to, std::move(message));
  }
  void role_changed(raft::role now, std::uint64_t term, raft::server_id leader) override {
    duties_.role_changed(now, term, leader);
  }
  void dropped(std::uint64_t tag, bool never_written) override {
    duties_.dropped(tag, never_written);
  }
  void send_transfer(raft::server_id to, std::string message) override {
    duties_.send_transfer(to, std::move(message));
  }
  void state_replaced() override { duties_.state_replaced(); }
  /// On the log writer's thread; the owner gets a message, if it is still there.
  void synced(std::uint64_t token) override {
    if (auto owner = caf::actor_cast<caf::strong_actor_ptr>(owner_)) {
      caf::anon_send(caf::actor_cast<caf::actor>(std::move(owner)), synced_atom::value, token);
    }
  }

 private:
  const caf::actor_addr owner_;
  const duties duties_;
};

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Where things are, for every actor of this node: which node leads a shard, the local shards,
/// relays and sessions, and the way to other nodes. Thread-safe; not an actor, because it is asked
/// on the way of every message.

#include <atomic>
#include <caf/all.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "actors/door.hpp"
#include "actors/interfaces.hpp"
#include "placement/cluster_map.hpp"

namespace greenroom::actors {

/// An immutable picture of the cluster.
struct routes {
  struct shard_route {
    node_id leader;  ///< nil: unknown
    std::uint64_t term = 0;
    /// Rises with each change of leader or term, and when the link to the leader was lost: whoever
    /// depends on the leader attaches again when it differs.
    std::uint64_t version = 0;
  };
  std::shared_ptr<const placement::cluster_map> map;  ///< null before there is a cluster
  std::vector<shard_route> shards;                    ///< by number; 0 is the cluster map's
  /// Rises with every change.
  std::uint64_t epoch = 0;
};

/// The way to other nodes; implemented by the links. Never blocks; what cannot be sent is dropped
/// and counted, as the asker's time-out and the relays' catching up expect.
class peer_port {
 public:
  virtual ~peer_port() = default;
  /// False: no link to that node now.
  virtual bool ask(const node_id& to, const call_ptr& what, reply_sink answer_to) = 0;
  virtual bool publish(const node_id& to, const room_publish_ptr& what) = 0;
  virtual bool notify(const node_id& to, const user_notice_ptr& what) = 0;
  virtual bool tell_presence(const node_id& /*to*/, const presence_publish_ptr& /*what*/) {
    return false;
  }
  /// Between replicas; `bytes` as raft::replica wants them carried.
  virtual bool group(const node_id& to, group_message what) = 0;
  virtual bool probe(const node_id& to, const leader_probe& what) = 0;
  /// Since when there has been a link to that node; empty: there is none.
  [[nodiscard]] virtual std::optional<std::chrono::steady_clock::time_point> up_since(
      const node_id& node) const = 0;
  /// Also while that node is going.
  [[nodiscard]] virtual bool is_linked(const node_id& node) const {
    return up_since(node).has_value();
  }
};

class switchboard {
 public:
  explicit switchboard(node_id self);

  [[nodiscard]] const node_id& self() const noexcept { return self_; }
  [[nodiscard]] call_number next_call() noexcept { return ++calls_; }

  // -- routes
  [[nodiscard]] std::shared_ptr<const actors::routes> routes() const;
  /// Replaces the map; leaders that are known stay.
  void set_map(std::shared_ptr<const placement::cluster_map> map);
  /// Ignored when its term is older than the known one.
  void set_leader(const leader_notice& notice);
  /// Shards led by a node that is gone have no known leader until it or another says so.
  void forget_leader(const node_id& node);
  /// Called (on the caller's thread) after each change of the epoch.
  void on_change(std::function<void()> listener);
  [[nodiscard]] std::uint16_t shard_of(const uuid& id) const;

  // -- local actors
  void set_peers(peer_port* peers);
  void put_shard(std::uint16_t shard, shard_actor handle);
  /// Takes the messages of the replicas of a shard elsewhere; also of shard 0.
  void put_replica(std::uint16_t shard, caf::actor handle);
  /// There is no replica of the shard here any more.
  void drop_replica(std::uint16_t shard);
  [[nodiscard]] std::optional<shard_actor> local_shard(std::uint16_t shard) const;
  [[nodiscard]] std::vector<shard_actor> local_shards() const;
  void set_presence(std::optional<presence_actor> handle) { presence_.set(std::move(handle)); }
  [[nodiscard]] std::optional<presence_actor> presence() const { return presence_.get(); }
  void set_relay_factory(std::function<relay_actor(const uuid& room)> spawn);
  /// The relay of a room on this node; spawned when there is none.
  relay_actor relay_of(const uuid& room);
  [[nodiscard]] std::optional<relay_actor> find_relay(const uuid& room) const;
  /// Removes it if it is still this one; the next relay_of spawns another.
  void drop_relay(const uuid& room, const caf::actor_addr& which);
  [[nodiscard]] std::vector<relay_actor> relays() const;
  /// Returns the order of this event among those of users who come and go (user_attach::order).
  std::uint64_t enter_session(const uuid& user, session_actor session);
  /// The order of the event when it was the user's last session on this node.
  std::optional<std::uint64_t> leave_session(const uuid& user, const caf::actor_addr& which);
  /// For a session that is on the switchboard and attaches again.
  std::uint64_t next_order();
  [[nodiscard]] std::vector<session_actor> sessions_of(const uuid& user) const;
  [[nodiscard]] std::vector<session_actor> sessions() const;

  /// At the end of the process: ends relays and sessions and lets go of every handle.
  void forget_local();

  // -- sending
  /// Sends the call to its shard's leader, here or elsewhere. When no leader is known or no link is
  /// up, `answer_to` gets UNAVAILABLE at once.
  void ask(call_ptr what, const reply_sink& answer_to);
  /// To the relay of the room on `to` (also this node).
  void publish(const node_id& to, const room_publish_ptr& what);
  /// To the sessions of the user on `to` (also this node).
  void notify(const node_id& to, const user_notice_ptr& what);
  /// To the presence actor of `to` (also this node).
  void tell_presence(const node_id& to, const presence_publish_ptr& what);
  [[nodiscard]] bool is_linked(const node_id& node) const;
  /// To the replica of the shard on another node. May be lost.
  void group(const node_id& to, group_message what) const;
  /// From the replica of the shard on another node. Kept when the replica here is yet to come: who
  /// has the map first asks for votes at once, and would have to wait for an election time-out.
  void take_group(group_message what);
  /// To the replica of the shard on another node. May be lost.
  void probe(const node_id& to, const leader_probe& what) const;
  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> up_since(
      const node_id& node) const;
  /// Sends the call to any replica of its shard, here if there is one; for what may be stale.
  void ask_replica(call_ptr what, const reply_sink& answer_to);

 private:
  void changed();
  [[nodiscard]] bool awaits(std::uint16_t shard) const;

  const node_id self_;
  std::atomic<call_number> calls_{0};
  std::atomic<peer_port*> peers_{nullptr};
  mutable std::mutex routes_mutex_;
  std::shared_ptr<const actors::routes> routes_;
  std::function<void()> listener_;
  mutable std::mutex shards_mutex_;
  std::unordered_map<std::uint16_t, shard_actor> shards_;
  std::unordered_map<std::uint16_t, caf::actor> replicas_;
  std::deque<group_message> early_;  ///< for replicas that are yet to come
  mutable std::mutex relays_mutex_;
  std::unordered_map<uuid, relay_actor, uuid_hash> relays_;
  std::function<relay_actor(const uuid&)> spawn_relay_;
  mutable std::mutex sessions_mutex_;
  std::unordered_map<uuid, std::vector<session_actor>, uuid_hash> sessions_;
  std::uint64_t orders_;  ///< with the sessions' mutex; goes on rising when the process is another
  door<presence_actor> presence_;
};

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The messages of membership and of the links between nodes. What crosses the network is here in
/// full: atoms, numbers, byte strings and lists of byte strings; everything else is encoded into
/// them (frames.hpp).

#include "actors/interfaces.hpp"
#include "actors/rate_limiter.hpp"
#include "net/tls_connection.hpp"
#include "placement/cluster_map.hpp"

namespace greenroom::actors {

using hello_atom = caf::atom_constant<caf::atom("hello")>;
using proof_atom = caf::atom_constant<caf::atom("proof")>;
using batch_atom = caf::atom_constant<caf::atom("batch")>;
using ack_atom = caf::atom_constant<caf::atom("ack")>;
using flush_atom = caf::atom_constant<caf::atom("flush")>;
using retired_atom = caf::atom_constant<caf::atom("retired")>;
using rebalance_atom = caf::atom_constant<caf::atom("rebalance")>;

using map_ptr = std::shared_ptr<const placement::cluster_map>;

/// A change of the cluster map that is wanted; `done` is called with the verdict.
struct map_proposal {
  placement::command what;
  std::function<void(const std::optional<error>&)> done;
};
using map_proposal_ptr = std::shared_ptr<const map_proposal>;

/// MAP SHARD: the replica of shard 0.
using map_shard_actor =
    caf::typed_actor<caf::reacts_to<map_proposal_ptr>, caf::reacts_to<synced_atom, std::uint64_t>,
                     // A message of the same group from another server.
                     caf::reacts_to<std::uint64_t, std::string>,
                     caf::reacts_to<transfer_atom, std::uint64_t, std::string>,
                     caf::reacts_to<member_atom, std::uint64_t, std::string>,
                     // The node is going: lead no more.
                     caf::reacts_to<drain_atom>, caf::reacts_to<tick_atom>>;

/// Who is at the other end of a link, verified.
struct peer_info {
  node_id id;
  std::string name;
  std::string version;
  std::string address;     ///< of its cluster port, as it advertises it
  uuid cluster_id;         ///< nil: in no cluster yet
  std::uint64_t kept = 0;  ///< how much its disk has (disk_memory.hpp)
};

/// A link came up or went down.
struct peer_change {
  peer_info who;
  bool up = false;
};
using peer_change_ptr = std::shared_ptr<const peer_change>;

/// What a peer says about membership.
struct peer_word {
  node_id from;
  /// Wants to be (or is back) in the cluster.
  std::optional<placement::node_info> join;
  /// The map as it knows it.
  map_ptr map;
  /// Asks for the map and the shards led here.
  bool announce = false;
  std::optional<leader_notice> leader;
  /// Is going: leads nothing more, and shall not be made to.
  bool draining = false;
  /// Leads this shard and has found its group to be this.
  std::optional<placement::report_group> group;
  std::uint64_t kept = 0;  ///< how much its disk has by now; 0: it does not say
  // With `kept`, how the disk is (disk_paces.hpp).
  std::uint64_t sync_us = 0;
  bool bad_disk = false;
  std::vector<taken> used;  ///< of users' limits, since the last word (rate_limiter.hpp)
};
using peer_word_ptr = std::shared_ptr<const peer_word>;

using group_report_ptr = std::shared_ptr<const placement::report_group>;

/// CLUSTER: who belongs to the cluster, and joining it.
using cluster_actor = caf::typed_actor<
    // A newer map, from the map shard.
    caf::reacts_to<map_ptr>, caf::reacts_to<peer_change_ptr>, caf::reacts_to<peer_word_ptr>,
    // One of this node's shards has won a term.
    caf::reacts_to<leader_notice_ptr>,
    // … or has found that its group is another one than the map says.
    caf::reacts_to<group_report_ptr>,
    // A wish to change the map; UNAVAILABLE unless it is led here.
    caf::reacts_to<map_proposal_ptr>,
    // The replica of the map has gone from this node's disk.
    caf::reacts_to<retired_atom>,
    // An operator wants the shards spread evenly, now.
    caf::reacts_to<rebalance_atom>,
    // This node is going: the others are told.
    caf::reacts_to<drain_atom>,
    // INTERNAL: joining, forming, placing.
    caf::reacts_to<tick_atom>>;

/// NODE: start order, supervision, drain.
using node_actor = caf::typed_actor<
    // The map says which shards live here.
    caf::reacts_to<map_ptr>,
    // Ends everything in good order.
    caf::reacts_to<stop_atom>,
    // Leadership of everything goes to other nodes.
    caf::reacts_to<drain_atom>,
    // A shard has gone from this node's disk.
    caf::reacts_to<retired_atom, std::uint16_t>, caf::reacts_to<tick_atom>>;

/// One encoded frame for a peer.
using frame_bytes = std::shared_ptr<const std::string>;

/// GATE: where other nodes' links arrive; published on the cluster port.
using gate_actor = caf::typed_actor<
    // hello → welcome (frames.hpp); empty: refused.
    caf::replies_to<hello_atom, std::string>::with<std::string>,
    // proof → epoch of the link; 0: refused.
    caf::replies_to<proof_atom, std::string>::with<std::uint64_t>,
    // epoch, number, frames
    caf::reacts_to<batch_atom, std::uint64_t, std::uint64_t, std::vector<std::string>>>;

/// What dialing a node has led to: its gate and the connection to it, or why not.
struct dialed {
  gate_actor gate;
  net::tls_connection_ptr connection;
  std::string why_not;
};
using dialed_ptr = std::shared_ptr<const dialed>;

/// LINK: the way to one other node.
using link_actor = caf::typed_actor<
    caf::reacts_to<frame_bytes>,
    // A reply to a call of that node, from an actor of this one.
    caf::reacts_to<reply_ptr>,
    // INTERNAL: send what has gathered.
    caf::reacts_to<flush_atom>,
    // From the peer's gate: epoch and number of the last batch it has taken.
    caf::reacts_to<ack_atom, std::uint64_t, std::uint64_t>,
    // To the dialing side, from the accepting side's link: epoch, number, frames.
    caf::reacts_to<batch_atom, std::uint64_t, std::uint64_t, std::vector<std::string>>,
    // INTERNAL: the dialer's result.
    caf::reacts_to<dialed_ptr>, caf::reacts_to<tick_atom>>;

}  // namespace greenroom::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::map_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::map_proposal_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::group_report_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::peer_change_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::peer_word_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::leader_notice_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::frame_bytes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::dialed_ptr)

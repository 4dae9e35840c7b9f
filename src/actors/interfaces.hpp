// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The map of all messages between actors, in the order a request travels. Only aliases.
///
/// Structs of calls.hpp travel as shared pointers to constants: they never leave the process as
/// such; links carry their encoded form. Every interface takes `tick` only from itself.

#include <atomic>
#include <caf/all.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/answer_once.hpp"
#include "actors/calls.hpp"
#include "actors/group_messages.hpp"
#include "net/port.hpp"

namespace greenroom::actors {

using tick_atom = caf::atom_constant<caf::atom("tick")>;
using start_atom = caf::atom_constant<caf::atom("start")>;
using stop_atom = caf::atom_constant<caf::atom("stop")>;
using closed_atom = caf::atom_constant<caf::atom("closed")>;
using synced_atom = caf::atom_constant<caf::atom("synced")>;
using routes_atom = caf::atom_constant<caf::atom("routes")>;
using transfer_atom = caf::atom_constant<caf::atom("transfer")>;
using member_atom = caf::atom_constant<caf::atom("member")>;
using drain_atom = caf::atom_constant<caf::atom("drain")>;
using presence_atom = caf::atom_constant<caf::atom("presence")>;
using park_atom = caf::atom_constant<caf::atom("park")>;

// -- what the messages carry ---------------------------------------------------------------------

/// A decoded request of a client on its way from the socket to its session. When nobody takes it,
/// because it waits for an actor that has ended, it answers itself with UNAVAILABLE.
struct client_request {
  client_request() = default;
  ~client_request();
  client_request(const client_request&) = delete;
  client_request& operator=(const client_request&) = delete;

  net::connection_id connection = 0;
  protocol::request_envelope request;
  /// Where the answer goes, also when the actor that holds the request fails.
  protocol::encoding encoding = protocol::encoding::json;
  const std::atomic<net::socket_port*>* sockets = nullptr;
  /// When it came, for the figures.
  std::chrono::steady_clock::time_point received = std::chrono::steady_clock::now();
  /// Whoever sets it answers.
  mutable std::atomic<bool> taken{false};

  /// On the request's own socket.
  void answer(const error& why) const;
};
using client_request_ptr = std::shared_ptr<const client_request>;
using decode_failure_ptr = std::shared_ptr<const protocol::decode_failure>;
using http_call_ptr = std::shared_ptr<const net::http_call>;
using presence_publish_ptr = std::shared_ptr<const presence_publish>;
using user_notice_ptr = std::shared_ptr<const user_notice>;
using room_publish_ptr = std::shared_ptr<const room_publish>;

/// A look-up in the full-text index: rooms that the asker may read, all of one shard.
struct search_job;
using search_job_ptr = std::shared_ptr<const search_job>;

/// SEARCHER: the full-text index of this node.
using searcher_actor = caf::typed_actor<
    // There is something to take in (environment::search).
    caf::reacts_to<start_atom>, caf::reacts_to<search_job_ptr>, caf::reacts_to<tick_atom>>;

/// What became of one attempt of a delivery.
struct hook_answer {
  uuid hook_id;
  std::uint64_t ticket = 0;  ///< of the attempt
  std::uint32_t status = 0;  ///< 0: there was no answer
  std::string failure;
  bool refused = false;  ///< by this node itself, which would do so again
};
using hook_answer_ptr = std::shared_ptr<const hook_answer>;

/// WEBHOOKS: what leaves this node for outgoing webhooks.
using webhook_actor = caf::typed_actor<
    // There is something to look at (environment::hooks).
    caf::reacts_to<start_atom>, caf::reacts_to<hook_answer_ptr>, caf::reacts_to<reply_ptr>,
    caf::reacts_to<tick_atom>>;

/// Takes replies to its calls.
using reply_sink = caf::typed_actor<caf::reacts_to<reply_ptr>>;

/// What a session wants of a relay.
struct subscription {
  net::connection_id connection = 0;
  protocol::encoding encoding = protocol::encoding::json;
  uuid room_id;
  uuid user_id;
  /// Events after this seq (resume, or the entry before one's joining); empty: from now on.
  std::optional<std::uint64_t> after_seq;
  /// Chosen by the session; comes back in subscribed.
  std::uint64_t tag = 0;
};
using subscription_ptr = std::shared_ptr<const subscription>;

/// See net::socket_port::ask_credit().
struct credit_given {
  net::connection_id connection = 0;
  net::replay_credit credit;
};
using credit_given_ptr = std::shared_ptr<const credit_given>;

/// The relay's word: the stream of this connection begins at result.first_seq. A replay is held
/// back until the session releases it, so that its answer goes first.
struct subscribed {
  uuid room_id;
  std::uint64_t tag = 0;
  protocol::resume_result result;
};
using subscribed_ptr = std::shared_ptr<const subscribed>;

/// What a connection wants to know of others.
struct presence_wish {
  enum class what : std::uint8_t {
    asked,     ///< these people, in place of those it asked for before; is replied to
    partners,  ///< also these, from now on
    gone,      ///< nothing any more: it is closed
  };
  net::connection_id connection = 0;
  protocol::encoding encoding = protocol::encoding::json;
  what kind = what::asked;
  std::vector<uuid> users;
  call_number number = 0;  ///< of the reply
  std::optional<reply_sink> answer_to;
};
using presence_wish_ptr = std::shared_ptr<const presence_wish>;

// -- interfaces -----------------------------------------------------------------------------------

/// SESSION: an authenticated user on one connection.
using session_actor = caf::typed_actor<
    // One request of the client; answered on its socket.
    caf::reacts_to<client_request_ptr>,
    // One request over HTTP; answered through its callback.
    caf::reacts_to<http_call_ptr>,
    // Replies to the session's calls.
    caf::reacts_to<reply_ptr>,
    // A relay has taken (or refused) a subscription.
    caf::reacts_to<subscribed_ptr>,
    // Something happened to the user.
    caf::reacts_to<user_notice_ptr>,
    // Leaders or links have changed: attach again where that concerns the session.
    caf::reacts_to<routes_atom>,
    // The presence actor was restarted: tell it again what is wanted of it.
    caf::reacts_to<presence_atom>,
    // The node is going: tell the client.
    caf::reacts_to<drain_atom>,
    // Its connection is gone.
    caf::reacts_to<closed_atom>,
    // INTERNAL: time-outs.
    caf::reacts_to<tick_atom>>;

/// CONNECTION: one socket's logical side; authenticates and then hands requests to its session.
using connection_actor =
    caf::typed_actor<caf::reacts_to<client_request_ptr>,
                     // A document that could not be decoded.
                     caf::reacts_to<decode_failure_ptr>, caf::reacts_to<http_call_ptr>,
                     caf::reacts_to<reply_ptr>,
                     // The socket is closed.
                     caf::reacts_to<closed_atom>,
                     // Its session could not begin.
                     caf::reacts_to<closed_atom, session_actor>, caf::reacts_to<tick_atom>>;

/// RELAY: the events of one room for the connections of this node.
using relay_actor = caf::typed_actor<
    // A connection wants (or no longer wants: closed) the events.
    caf::reacts_to<subscription_ptr, session_actor>,
    // The session has answered: the replay for this connection may start.
    caf::reacts_to<start_atom, net::connection_id>, caf::reacts_to<closed_atom, net::connection_id>,
    // There is room for the next part of a replay.
    caf::reacts_to<credit_given_ptr>,
    // From the room, on this node or another.
    caf::reacts_to<room_publish_ptr>, caf::reacts_to<reply_ptr>, caf::reacts_to<routes_atom>,
    caf::reacts_to<tick_atom>>;

/// PRESENCE: what the connections of this node know of who is there.
using presence_actor =
    caf::typed_actor<caf::reacts_to<presence_wish_ptr>,
                     // The last session of this user here has ended, in this order.
                     caf::reacts_to<closed_atom, uuid, std::uint64_t>,
                     // From leaders of shards.
                     caf::reacts_to<presence_publish_ptr>, caf::reacts_to<reply_ptr>,
                     // Leaders or links have changed.
                     caf::reacts_to<routes_atom>,
                     // INTERNAL: repeats and time-outs.
                     caf::reacts_to<tick_atom>>;

/// Takes what became of proposals.
struct proposal_result {
  std::uint64_t id = 0;  ///< the proposer's; 0: not proposed by this actor (an earlier leader did)
  std::uint64_t term = 0;
  std::uint64_t index = 0;
  unix_ms time = 0;
  std::uint32_t replicas = 1;  ///< that are known to have it
  /// Empty when the proposal was dropped: `failure` says why, and whether it was written is unknown
  /// unless `never_written`.
  std::shared_ptr<const chat::outcome> outcome;
  std::optional<error> failure;
  bool never_written = false;
};
using proposal_result_ptr = std::shared_ptr<const proposal_result>;

/// What a room or user wants its shard to agree on. Results go to the actor of `entity`.
struct proposal {
  std::uint64_t id = 0;
  uuid entity;
  chat::command_data what;
};
using proposal_ptr = std::shared_ptr<const proposal>;

/// An entity wants to know when every replica of its shard has the log up to `index`.
struct replicas_wait {
  std::uint64_t id = 0;
  std::uint64_t index = 0;
};
using replicas_wait_ptr = std::shared_ptr<const replicas_wait>;

/// They have, or it took too long.
struct replicas_reached {
  std::uint64_t id = 0;
  std::uint32_t replicas = 0;  ///< that have it
  bool all = false;
};
using replicas_reached_ptr = std::shared_ptr<const replicas_reached>;

/// A line of a user's room list has arrived in his shard.
struct line_settled {
  uuid user_id;
  uuid room_id;
  std::uint64_t entry_seq = 0;
};
using line_settled_ptr = std::shared_ptr<const line_settled>;

/// A worker's result; which fields count depends on the job.
struct hash_done {
  std::uint64_t job = 0;
  bool verified = false;
  std::string hash;
  std::optional<error> failure;
};
using hash_done_ptr = std::shared_ptr<const hash_done>;

/// ENTITY: a room or a user on the leader of its shard; child of the shard.
using entity_actor = caf::typed_actor<
    // A call for it, and who gets the reply.
    caf::reacts_to<call_ptr, reply_sink>,
    // What became of its proposals; also changes proposed by an earlier leader.
    caf::reacts_to<proposal_result_ptr>,
    // The end of a wait for all replicas.
    caf::reacts_to<replicas_reached_ptr>,
    // The outbox of the shard has delivered.
    caf::reacts_to<line_settled_ptr>,
    // Replies to the entity's own calls (users of a new room, e-mail reservation).
    caf::reacts_to<reply_ptr>, caf::reacts_to<hash_done_ptr>,
    // INTERNAL: batches, silence, idleness.
    caf::reacts_to<tick_atom>>;
using room_actor = entity_actor;
using user_actor = entity_actor;

/// SHARD: one replica; the parent of the rooms and users that it leads.
using shard_actor = caf::typed_actor<
    // A call for this shard's leader, and who gets the reply.
    caf::reacts_to<call_ptr, reply_sink>,
    // A command of one of its children.
    caf::reacts_to<proposal_ptr>,
    // A child waits for all replicas.
    caf::reacts_to<replicas_wait_ptr>,
    // The log writer has synced up to this token.
    caf::reacts_to<synced_atom, std::uint64_t>,
    // A message of the same group from another server (node id's server id, bytes).
    caf::reacts_to<std::uint64_t, std::string>,
    // A piece of state from another server, or the request for it.
    caf::reacts_to<transfer_atom, std::uint64_t, std::string>,
    // Whether a replica still belongs to the group (group_keeper.hpp).
    caf::reacts_to<member_atom, std::uint64_t, std::string>,
    // The group's leader wants to know whether it still is that, or is told.
    caf::reacts_to<leader_probe_ptr>,
    // The node is going: lead no more.
    caf::reacts_to<drain_atom>,
    // An idle child asks to be let go.
    caf::reacts_to<park_atom, uuid>,
    // Replies to the outbox's calls.
    caf::reacts_to<reply_ptr>, caf::reacts_to<routes_atom>, caf::reacts_to<tick_atom>>;

/// WORKER: blocking work (argon2id) on a thread of its own.
struct hash_job {
  enum class what : std::uint8_t { hash, verify };
  std::uint64_t job = 0;
  what kind = what::hash;
  std::string password;
  std::string hash;
  caf::typed_actor<caf::reacts_to<hash_done_ptr>> done;
};
using hash_job_ptr = std::shared_ptr<const hash_job>;
using worker_actor = caf::typed_actor<caf::reacts_to<hash_job_ptr>>;

/// ADMIN: answers the console.
struct admin_request {
  nlohmann::json request;
  answer_once done;
  /// From another node's admin actor: about this node alone.
  bool local_only = false;
};
using admin_request_ptr = std::shared_ptr<const admin_request>;
/// What the listener has told of its sockets, for the request with this number.
struct sockets_seen {
  call_number number = 0;
  std::vector<net::connection_report> all;
};
using sockets_seen_ptr = std::shared_ptr<const sockets_seen>;
using admin_actor = caf::typed_actor<caf::reacts_to<admin_request_ptr>, caf::reacts_to<reply_ptr>,
                                     caf::reacts_to<sockets_seen_ptr>, caf::reacts_to<tick_atom>>;

}  // namespace greenroom::actors

// Only within the process: links send the encoded forms.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::call_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::reply_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::client_request_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::decode_failure_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::http_call_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::user_notice_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::room_publish_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::presence_publish_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::presence_wish_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::subscription_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::credit_given_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::subscribed_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::leader_probe_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::proposal_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::proposal_result_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::replicas_wait_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::replicas_reached_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::line_settled_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::hash_done_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::hook_answer_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::hash_job_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::admin_request_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::sockets_seen_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::uuid)

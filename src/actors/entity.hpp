// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// ENTITY: what a room and a user have in common. Child of the leader of its shard.
///
/// Owns: its proposals, its own calls and hash jobs in flight, one timer, the calls it was given.
/// Takes: calls, what became of proposals, settled lines, replies, hashes, ticks.
/// Sends: proposals and park to its shard, replies to askers, calls to other shards through the
/// switchboard.
/// Dies: the call in hand is answered with INTERNAL, all others with UNAVAILABLE (repeat with the
/// same message_id); the shard spawns a successor, from the store, at the next call.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "actors/alarm.hpp"
#include "actors/base.hpp"
#include "actors/environment.hpp"
#include "actors/interfaces.hpp"
#include "actors/online_users.hpp"
#include "actors/open_calls.hpp"
#include "store/shard_reader.hpp"

namespace greenroom::actors {

/// Where an entity lives: given by its shard.
struct entity_place {
  environment_ptr env;
  shard_actor shard;
  std::uint16_t number = 0;  ///< of the shard
  std::uint64_t term = 0;
  store::shard_reader reader;
  std::shared_ptr<open_calls> calls;
  std::shared_ptr<online_users> online;
};

/// The error in a reply that says no; not_leader counts as UNAVAILABLE.
std::optional<error> failure_in(const reply_body& body);

class entity : public observed<entity_actor> {
 public:
  entity(caf::actor_config& cfg, actor_kind kind, const uuid& id, entity_place place);

 protected:
  using clock = std::chrono::steady_clock;
  using result_handler = std::function<void(const proposal_result&)>;
  using outcome_handler = std::function<void(const chat::outcome&, const proposal_result&)>;
  using reply_handler = std::function<void(const reply_body&)>;
  using reached_handler = std::function<void(const replicas_reached&)>;
  using hash_handler = std::function<void(const hash_done&)>;

  behavior_type make_behavior() final;
  /// What rooms and users have in common; they say the rest.
  void describe(self_report& to) const override;
  void on_exit() final;

  // -- what a room and a user do differently
  /// What is logged meanwhile is said to belong to the request (telemetry::request_scope).
  virtual void take(const asked& a) = 0;
  /// Something was applied that concerns it, whoever proposed it. Before the proposer is told.
  virtual void applied(const proposal_result& r) = 0;
  virtual void settled(const line_settled& /*line*/) {}
  /// Does what is due, and says when it wants to be woken next.
  virtual clock::time_point due(clock::time_point now) = 0;
  /// Something beside calls in flight keeps it from being parked.
  [[nodiscard]] virtual bool is_needed() const = 0;
  [[nodiscard]] virtual std::chrono::milliseconds idle_limit() const = 0;

  // -- what both do
  /// Each call is answered once; later answers to it are dropped.
  void answer(const asked& a, reply_body body);
  void propose(chat::command_data what, result_handler then);
  /// Answers by itself what was dropped or refused; `then` gets the outcomes of successes, again as
  /// part of the request.
  void propose_for(const asked& a, chat::command_data what, outcome_handler then);
  /// `then` is called once: with the reply, or with UNAVAILABLE when none comes in time.
  void ask(const uuid& target, std::uint16_t shard, const chat::origin& from, call_body body,
           reply_handler then);
  /// `then` is called when all replicas of the shard have the log up to `index`, or after 4 s.
  void await_replicas(std::uint64_t index, reached_handler then);
  /// False: too much is waiting.
  bool submit(hash_job::what kind, std::string password, std::string hash, hash_handler then);
  /// Whether a repeat of this request could be answered from memory: then only applying decides.
  [[nodiscard]] bool may_be_repeat(const asked& a) const;
  void wake_at(clock::time_point at);

  [[nodiscard]] const uuid& id() const noexcept { return id_; }
  [[nodiscard]] const entity_place& place() const noexcept { return place_; }
  [[nodiscard]] const greenroom::settings& config() const noexcept { return place_.env->config; }
  [[nodiscard]] switchboard& board() const noexcept { return place_.env->board; }
  [[nodiscard]] const store::shard_reader& reader() const noexcept { return place_.reader; }

 private:
  void take_result(const proposal_result& r);
  void take_reply(const reply& r);
  void take_hash(const hash_done& h);
  void tick();
  void give_up_late(clock::time_point now);

  // fixed after construction
  const uuid id_;
  entity_place place_;

  // what changes
  template <class Handler>
  struct pending {
    Handler then;
    clock::time_point deadline;
  };
  std::uint64_t numbers_ = 0;  ///< of proposals and hash jobs
  std::unordered_map<std::uint64_t, result_handler> proposals_;
  std::unordered_map<std::uint64_t, reached_handler> waits_;
  std::unordered_map<call_number, pending<reply_handler>> asks_;
  std::unordered_map<std::uint64_t, pending<hash_handler>> hashes_;
  clock::time_point last_used_;
  bool looks_around_ = false;  ///< since its first call
  alarm alarm_;
};

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// SHARD: one replica of a shard, and the parent of the rooms and users that it leads.
///
/// Owns: the Raft instance and its state machine, the entities, the outbox, who is online, the
/// look at what rooms do not keep.
/// Takes: calls for this shard's leader, proposals of its children, synced from the log writer,
/// messages of the group's other replicas and about who they are, park from idle children, replies
/// to the outbox's calls, changes of routes. Sends: calls, results and settled lines to its
/// children; not_leader when it does not lead; its new term and its group to the whole cluster
/// (through `duties`); the outbox's calls to other shards. When the group has gone on without it,
/// it leaves the disk and says so (`retired`). Dies: the node spawns it again from the store. Its
/// children end first and answer their calls with UNAVAILABLE; the group goes on without it. A
/// failing disk ends the process instead.
///
/// A leader takes calls once everything that was in its log when it won is applied, so nobody is
/// answered from the past.

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "actors/entity.hpp"
#include "actors/freed_space.hpp"
#include "actors/group_keeper.hpp"
#include "actors/outbox_sender.hpp"
#include "actors/replica_door.hpp"
#include "actors/retention_keeper.hpp"
#include "actors/server_names.hpp"
#include "raft/chat_machine.hpp"
#include "raft/replica.hpp"

namespace greenroom::actors {

class shard final : public observed<shard_actor> {
 public:
  /// Called on this actor's thread.
  struct duties {
    /// It lets calls in as the leader of a new term, or (with a nil leader) does so no more.
    std::function<void(leader_notice)> announce;
    /// Who the group consists of, when the map does not know it.
    group_keeper::reporter report;
    /// Nothing of it is on the disk any more; this actor waits to be ended.
    std::function<void(std::uint16_t)> retired;
  };
  /// `founders`: the group's first members. One of them with an empty log begins with all of them,
  /// unless it has kept and left the shard before; any other waits to be told by a leader.
  shard(caf::actor_config& cfg, environment_ptr env, std::uint16_t number,
        std::vector<node_id> founders, duties what);
  ~shard() override;

 protected:
  behavior_type make_behavior() override;
  void describe(self_report& to) const override;
  void on_exit() override;

 private:
  using clock = std::chrono::steady_clock;

  struct child {
    entity_actor handle;
    std::shared_ptr<open_calls> calls;
  };
  using children = std::unordered_map<uuid, child, uuid_hash>;
  struct identity {
    actor_kind kind;
    uuid id;
  };
  /// Who proposed what is in the log.
  struct origin_of {
    caf::actor_id actor = 0;
    std::uint64_t proposal = 0;
    identity who;
  };

  // shard.cpp: the replica
  void start_replica();
  /// Lets the replica work, and follows what has come of it. It cannot go on after an error of its
  /// own: the process starts again from what is synced, and other replicas have the data.
  template <class F>
  void drive(F step) {
    try {
      step();
    } catch (const std::exception& e) {
      broken(e.what());
    }
    follow();
  }
  [[noreturn]] void broken(const char* what) const;
  void follow();
  void role_changed(raft::role now, std::uint64_t term, raft::server_id leader);
  void dropped(std::uint64_t tag, bool never_written);
  void lead();
  void stop_leading();
  void send(raft::server_id to, std::string message, bool transfer = false);
  void applied(raft::applied_command&& done);
  void propose_own(chat::command_data what);
  [[nodiscard]] std::size_t majority() const { return voters_ / 2 + 1; }
  void tick();
  void free_disk(clock::time_point now);
  void arm();

  // shard_children.cpp
  void take(const asked& a);
  /// Answers from the store, or gives it to whom it is about.
  void serve(const asked& a);
  void give(actor_kind kind, const asked& a);
  child& child_of(actor_kind kind, const uuid& id);
  children& table_of(actor_kind kind) { return kind == actor_kind::room ? rooms_ : users_; }
  void propose(const proposal_ptr& p);
  void submit();
  void tell(const identity& who, const proposal_result_ptr& r);
  static std::optional<identity> concerned(const chat::outcome& o);
  void park(const uuid& id);
  void child_gone(const caf::down_msg& m);
  void reset_relays(const uuid& room);
  void start_outbox();
  void start_retention();

  // shard_hand_over.cpp
  /// A leader that is not the one that shall lead hands over when that one's link has been up for
  /// a while (heir.hpp).
  void hand_over(clock::time_point now);

  // shard_presence.cpp: who is there
  void watch(const asked& a, const shard_watch& w);
  [[nodiscard]] presence_view presence_of(const uuid& user) const;
  void look_for_gone_nodes(clock::time_point now);
  void tell_offline(const std::vector<uuid>& users);
  void settle(clock::time_point now);

  // shard_membership.cpp: who the group consists of
  void keep_group(clock::time_point now);
  void take_membership(raft::server_id from, const std::string& message);
  [[nodiscard]] bool has_state() const;
  void retire();

  // shard_replicas.cpp: how far the other replicas are
  void await_replicas(const replicas_wait_ptr& w);
  void look_at_replicas();
  void take_synced(std::uint64_t token);
  void trace_stored(std::uint64_t after, std::uint64_t last, clock::time_point learnt_at) const;

  // shard_search.cpp
  void search(const asked& a, const shard_search& c);

  // shard_reads.cpp: reads that must not be of the past
  void read(const asked& a);
  void start_round();
  void ask_round(bool all);
  void take_probe(const leader_probe& p);
  void give_up_reads(clock::time_point now);

  // fixed after construction
  environment_ptr env_;
  const std::uint16_t number_;
  const std::vector<node_id> founders_;
  const duties duties_;
  server_names names_of_servers_;
  group_keeper keeper_;
  std::shared_ptr<replica_door> door_;  ///< of the replica and the log writer's thread

  // the replica
  std::unique_ptr<raft::chat_machine> machine_;
  std::unique_ptr<raft::replica> replica_;
  std::vector<std::pair<raft::server_id, std::string>> early_;  ///< came before the replica began
  raft::server_id leader_ = 0;
  std::uint64_t term_ = 0;
  std::size_t voters_ = 1;
  bool leading_ = false;       ///< leads the group
  bool open_ = false;          ///< … and takes calls
  std::uint64_t open_at_ = 0;  ///< the index that has to be applied before
  std::uint64_t tags_ = 0;
  bool submits_ = false;  ///< a message to itself is under way, behind what is in the mailbox
  clock::time_point next_hand_over_{};
  freed_space freed_;
  bool draining_ = false;
  std::unordered_map<std::uint64_t, origin_of> proposed_;  ///< by tag

  // what a leader has
  std::optional<store::shard_reader> reader_;
  std::optional<outbox_sender> outbox_;
  std::optional<retention_keeper> retention_;
  std::shared_ptr<online_users> online_;
  std::unordered_map<node_id, clock::time_point, uuid_hash> unlinked_;  ///< nodes, since when
  clock::time_point settled_at_{};  ///< whoever is connected has said so by then
  bool settled_ = false;
  children rooms_;
  children users_;
  std::unordered_map<caf::actor_id, identity> names_;  ///< of children that have not ended
  std::unordered_map<uuid, clock::time_point, uuid_hash> reset_;  ///< rooms that failed just now
  std::vector<std::pair<uuid, clock::time_point>> resets_;        ///< relays to be told later
  struct waiting_child {
    replicas_wait_ptr what;
    entity_actor who;
    clock::time_point until;
  };
  std::vector<waiting_child> waits_;
  struct waiting_read {
    asked from;
    clock::time_point since;
  };
  std::vector<waiting_read> reads_;       ///< wait for the next round
  std::vector<waiting_read> confirming_;  ///< wait for the round under way
  std::uint64_t round_ = 0;
  clock::time_point round_again_{};
  std::vector<raft::server_id> confirmed_by_;
  std::vector<raft::server_id> quick_;  ///< who has confirmed the round before
  clock::time_point next_look_{};
  alarm alarm_;
};

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// One shard's replica: the consensus core, its log on disk and its state machine, put together.
///
/// Owned by one thread at a time (its shard actor). Nothing here blocks, waits or reads a clock:
/// the owner gives the time and carries out what comes back. The rules kept here (Raft, Ongaro and
/// Ousterhout 2014, and the core's own contract):
///  1. Nothing is sent before the batch that holds its term, vote and entries is synced.
///  2. The applied index never runs ahead of the synced log.
///  3. Entries that queue up while a batch is being synced go together in the next.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "protocol/error.hpp"
#include "raft/transfer.hpp"
#include "raft/types.hpp"
#include "store/log.hpp"
#include "store/transfer.hpp"

namespace greenroom::raft {

class log_storage;

/// An entry that the group has agreed on.
struct committed_entry {
  std::uint64_t index = 0;
  std::uint64_t term = 0;
  /// What propose() was given, if this replica proposed it in this process; otherwise 0.
  std::uint64_t tag = 0;
  std::string_view data;
};

/// A machine's state as of one moment, on its way out. Must not live long (store/transfer.hpp).
class state_stream {
 public:
  virtual ~state_stream() = default;
  /// An error: `position` is none. May throw store::damaged.
  virtual expected<store::state_piece> read(std::string_view position, std::size_t bytes) = 0;
};

/// Another machine's state, on its way in. Counts for nothing before what finish() gives is on the
/// disk, and is gone in time when it is dropped before.
class state_intake {
 public:
  virtual ~state_intake() = default;
  virtual expected<void> add(std::string_view piece) = 0;
  virtual expected<std::vector<store::raw_record>> finish(std::uint64_t applied_index) = 0;
};

/// The replicated state machine behind a replica. Called on the owner's thread, in order.
class machine {
 public:
  virtual ~machine() = default;
  /// Entries up to here have taken effect (from the store, after a restart).
  [[nodiscard]] virtual std::uint64_t applied_index() const = 0;
  /// Computes the effects of one entry; must be deterministic and must not fail.
  virtual void apply(const committed_entry& entry) = 0;
  /// Makes the effects of everything up to `index` visible at once, then hands out the outcomes.
  virtual void commit(std::uint64_t index) = 0;

  // Without these a log is kept whole, and a replica that needs more than the log waits.
  [[nodiscard]] virtual bool transferable() const { return false; }
  /// As of the last commit.
  virtual std::unique_ptr<state_stream> read_state() { return nullptr; }
  virtual std::unique_ptr<state_intake> write_state() { return nullptr; }
  /// What an intake brought is on the disk now: takes it up. Nothing is uncommitted.
  virtual void replaced() {}
  /// A small piece of clearing away what earlier states have left. False: nothing is left.
  virtual bool sweep() { return false; }
};

/// What the owner does for its replica.
class replica_host {
 public:
  virtual ~replica_host() = default;
  /// A message for the same shard's replica on another server. May be dropped.
  virtual void send(server_id to, std::string message) = 0;
  /// Role, term or known leader (0: none) changed.
  virtual void role_changed(role now, std::uint64_t term, server_id leader) = 0;
  /// A proposal that will not be applied by this replica's doing; whether it was written is
  /// unknown unless `never_written`.
  virtual void dropped(std::uint64_t tag, bool never_written) = 0;
  /// Called on ANOTHER thread: arrange that replica::on_synced(token) is called on the owner's. Not
  /// called any more once the replica's destructor has returned. Must not wait for the owner.
  virtual void synced(std::uint64_t token) = 0;
  /// Like send(), but large (see transfer_options) and never urgent; goes to receive_transfer().
  virtual void send_transfer(server_id /*to*/, std::string /*message*/) {}
  /// The machine's state is another one, as of status().applied_index, without any apply: readers
  /// of the old one have to be made anew within transfer_options::old_state_ms.
  virtual void state_replaced() {}
};

struct replica_options {
  std::uint16_t shard = 0;
  server_id self = 0;
  std::uint32_t election_timeout_ms = 1000;
  std::uint32_t heartbeat_ms = 100;
  std::uint32_t random_seed = 0;
  std::size_t cached_log_bytes = 2 << 20;
  /// Proposals in flight beyond this are refused with UNAVAILABLE.
  std::size_t inflight_max = 4096;
  /// A group in which nothing happens for this long rests: no heartbeats, and nobody misses them.
  /// The owner then has to watch the other servers' machines, see wake(). 0: never.
  std::uint32_t rest_after_ms = 0;
  /// The log is cut when it is longer than either. What remains is at most `log_kept` entries and
  /// half of the bytes, more while somebody who is alive needs it (up to four times the limits).
  std::size_t log_entries_max = 32768;
  std::size_t log_bytes_max = 64 << 20;
  std::size_t log_kept = 8192;
  transfer_options transfer{};
  /// Asked for each message. False: a follower takes of its leader's entries only those that it
  /// has, and fetches no state. Default: it does.
  std::function<bool()> has_room{};
  /// Told why before the process is ended (default: logs). If it returns, the process ends with 70.
  std::function<void(const std::string&)> on_fatal{};
};

struct replica_status {
  raft::role role = role::follower;
  std::uint64_t term = 0;
  server_id leader = 0;
  std::uint64_t last_index = 0;
  std::uint64_t synced_index = 0;
  std::uint64_t commit_index = 0;
  std::uint64_t applied_index = 0;
  std::size_t inflight = 0;
  std::uint64_t first_index = 1;  ///< of the log
  server_id fetching_from = 0;    ///< a state is being fetched, 0: none
  std::uint64_t fetched_bytes = 0;
  bool resting = false;
};

/// What a replica knows of a server of its group.
struct server_status {
  server_id id = 0;
  bool voter = true;
  // Of the others, and only while this replica leads:
  std::uint64_t match_index = 0;  ///< it has the log up to here, synced; 0: not heard of yet
  steady_ms last_contact = 0;     ///< it last answered; 0: not since this replica leads
  bool caught_up = false;         ///< it has followed at the speed of the log; promote() wants it
};

struct group_status {
  std::vector<server_status> servers;     ///< empty: no configuration yet (a joiner)
  std::uint64_t configuration_index = 0;  ///< of the entry that says so
  bool committed = false;                 ///< false: a change is under way (or, after a restart,
                                          ///< not known to be over)
  [[nodiscard]] const server_status* find(server_id id) const noexcept;
};

class replica {
 public:
  replica(const replica_options& options, store::database& db, store::log_writer& writer,
          machine& state, replica_host& host);
  /// With a log of another make.
  replica(const replica_options& options, std::unique_ptr<log_storage> log, machine& state,
          replica_host& host);
  ~replica();
  replica(const replica&) = delete;
  replica& operator=(const replica&) = delete;

  /// Makes the first configuration durable on an empty log: the group consists of `servers`. No
  /// effect on a log that has entries. Before start().
  expected<void> bootstrap(std::span<const server> servers);
  /// Loads hard state and log, and takes part. A group of one is leader when this returns (its
  /// term may still be being synced; proposals queue until then). With an empty log it waits to be
  /// added to a group.
  expected<void> start(steady_ms now);

  /// Asks the group to agree on `data`. Refused at once when this is not the leader (UNAVAILABLE;
  /// see status().leader) or too much is in flight. Otherwise ends in apply with this tag or in
  /// dropped(tag). `tag` is not 0.
  expected<void> propose(std::uint64_t tag, std::string data, steady_ms now);
  /// Likewise, but it may stay in the queue until submit(), for an owner who has more at hand: all
  /// of it goes into one step and one write then.
  expected<void> enqueue(std::uint64_t tag, std::string data, steady_ms now);
  void submit(steady_ms now);
  void receive(server_id from, std::string_view message, steady_ms now);
  /// What another replica gave to send_transfer().
  void receive_transfer(server_id from, std::string_view message, steady_ms now);
  /// Hands leadership to another voter of the group (0: the one that is furthest). Refused when not
  /// leader or without such a server. Gives up by itself after an election time-out.
  expected<void> transfer(server_id to, steady_ms now);

  // Who the group consists of. One change at a time, by the leader, each an entry of the log; done
  // when group().committed. What is so already is no change and no error. Refused with CONFLICT
  // while another change is under way; with UNAVAILABLE by who does not lead or is handing over,
  // and until the leader has an entry of its own term committed (it sees to that; ask again).
  /// A server that gets the log and has no vote. It may start with an empty disk: no bootstrap().
  expected<void> add(server_id id, steady_ms now);
  /// Gives it the vote. UNAVAILABLE until it has caught up.
  expected<void> promote(server_id id, steady_ms now);
  /// Takes it out; the owner of that replica has to stop it, as it may never hear of it. A leader
  /// that removes itself steps down when that is committed. CONFLICT for the last voter, and for a
  /// leader that would leave one voter behind: without the leader's log that one could not go on.
  expected<void> remove(server_id id, steady_ms now);

  /// Ends a rest; to be called when another server's machine has not been heard of for a while, and
  /// again for as long as that is so. `missed`: for how long, if it is the leader's: that much
  /// counts as waited. No effect on who does not rest.
  void wake(steady_ms now, steady_ms missed);
  [[nodiscard]] bool resting() const noexcept;

  /// Cuts the log soon, however short it is, as far as no server that is alive needs it: the state
  /// stands for what goes. A server that is away fetches the state when it is back. No effect where
  /// the machine is not transferable().
  void cut_log(steady_ms now);

  void on_synced(std::uint64_t token, steady_ms now);
  void on_time(steady_ms now);
  /// When on_time wants to be called next.
  [[nodiscard]] steady_ms next_time() const;

  [[nodiscard]] replica_status status() const;
  [[nodiscard]] group_status group() const;
  /// How many of them have a vote; costs next to nothing.
  [[nodiscard]] std::size_t voters() const;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace greenroom::raft

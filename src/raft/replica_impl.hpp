// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The inside of raft::replica. Only replica*.cpp include this.
///
/// Everything that comes in waits in `inbox` and is taken one by one, so that hosts and machines
/// may call the replica from inside its own calls.

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <variant>

#include "raft/core.hpp"
#include "raft/log_cache.hpp"
#include "raft/log_storage.hpp"
#include "raft/replica.hpp"
#include "raft/rest.hpp"
#include "raft/state_receiver.hpp"
#include "raft/state_sender.hpp"

namespace greenroom::raft {

struct replica::impl {
  impl(const replica_options& options, std::unique_ptr<log_storage> log, machine& state,
       replica_host& host);

  // -- what comes in -----------------------------------------------------------------------------
  struct synced_input {
    std::uint64_t token = 0;
  };
  struct wake_input {};  ///< nothing but a reason to look at the queue
  struct transfer_input {
    server_id from = 0;
    transfer_message what;
  };
  using input = std::variant<core_event, synced_input, wake_input, transfer_input>;

  expected<void> start(steady_ms now);
  expected<void> load(core_start& from);
  expected<void> enqueue(std::uint64_t tag, std::string data);
  void put(input in, steady_ms now);
  expected<void> submit(core_event event, steady_ms now);

  // -- states that come and go (replica_state.cpp) -----------------------------------------------
  void on_time();
  void take_transfer(const transfer_input& in);
  void needs_state(server_id from, const install_snapshot& m);
  std::optional<open_state> open_for_others();
  void install_fetched();
  void installed();
  void maybe_cut();
  void note_size(const store::log_entry& e);
  [[nodiscard]] std::uint64_t cut_before() const;
  [[nodiscard]] steady_ms next_time() const;
  expected<void> load_mark(core_start& from);

  // -- who the group consists of (replica_group.cpp) ---------------------------------------------
  expected<void> change(configuration to, steady_ms now);
  expected<configuration> changeable(steady_ms now);
  void heard_from(server_id from);
  void note_rejection(server_id from, const append_result& r);
  void watch_standbys();
  [[nodiscard]] std::pair<std::uint64_t, const configuration*> latest_configuration() const;
  [[nodiscard]] std::uint64_t term_at(std::uint64_t index);

  // -- when nothing happens (replica_rest.cpp) ---------------------------------------------------
  steady_ms wake(steady_ms owners);
  steady_ms go_on(steady_ms owners);
  bool rests_now(steady_ms time);
  void rest();
  void take_rest(server_id from, const rest_word& w);
  [[nodiscard]] bool everything_is_done() const;

  // -- when the disk is nearly full (replica_room.cpp) -------------------------------------------
  struct peer;
  [[nodiscard]] bool has_room() const { return !options.has_room || options.has_room(); }
  void leave_aside(append_entries& m) const;
  void note_answer(peer& of, const append_result& r) const;
  [[nodiscard]] bool takes_nothing(server_id id, std::uint64_t from) const;

  // -- one step ----------------------------------------------------------------------------------
  void take(input& in);
  void step(core_event event);
  void follow(core_update&& update);
  void on_synced(std::uint64_t token);
  void settle();

  // -- the parts of a step (replica_flow.cpp) ----------------------------------------------------
  void write(core_update& update);
  void hold(const outgoing& out);
  void hold_append(const outgoing& out);
  void put_held(server_id to, const message& m, std::uint64_t token);
  void release();
  void note_role();
  void drop_proposals();
  void submit_queued();
  bool apply_some();
  void tell_configurations();
  std::vector<store::log_entry> entries(std::uint64_t from, std::size_t count, std::size_t bytes);
  [[noreturn]] void fatal(const std::string& why);

  [[nodiscard]] bool leading() const { return started && brain->state().role == role::leader; }
  [[nodiscard]] std::size_t inflight() const { return queue.size() + proposed.size(); }

  /// Between the writer's thread and a replica that may be gone by then.
  struct gate {
    explicit gate(replica_host& h) : host(&h) {}
    void synced(std::uint64_t token) {
      const std::lock_guard lock(mutex);
      if (host != nullptr) host->synced(token);
    }
    void close() {
      const std::lock_guard lock(mutex);
      host = nullptr;
    }
    std::mutex mutex;
    replica_host* host;
  };

  // fixed after construction
  replica_options options;
  std::unique_ptr<log_storage> log;
  machine& state;
  replica_host& host;
  std::shared_ptr<gate> door;

  // handles
  std::unique_ptr<core> brain;

  // what changes
  bool started = false;
  bool busy = false;
  steady_ms now = 0;    ///< the group's time
  resting_clock clock;  ///< where it comes from
  /// A leader's log has ended here since then, and nobody has wanted anything.
  std::uint64_t quiet_at = 0;
  std::uint64_t quiet_term = 0;
  steady_ms quiet_since = 0;
  steady_ms rested_until = 0;
  std::deque<input> inbox;
  log_cache cache;

  /// An append on its way to the disk, and the last entry that its completion makes durable.
  struct pending_write {
    std::uint64_t token = 0;
    std::uint64_t last_index = 0;
  };
  std::deque<pending_write> writes;
  std::uint64_t last_token = 0;
  std::uint64_t synced_token = 0;
  std::uint64_t hard_token = 0;  ///< of the last write of term and vote
  std::uint64_t synced_index = 0;
  std::uint64_t applied = 0;

  /// A message that must not leave before the write `token` is durable.
  struct held_message {
    std::uint64_t token = 0;
    server_id to = 0;
    std::string bytes;
  };
  std::deque<held_message> held;

  struct proposal {
    std::uint64_t tag = 0;
    std::shared_ptr<const std::string> data;
  };
  std::deque<proposal> queue;  ///< waiting for the write before theirs
  struct tagged {
    std::uint64_t term = 0;
    std::uint64_t tag = 0;
  };
  std::map<std::uint64_t, tagged> proposed;  ///< in the log, not applied, by index

  /// Configuration entries that are not known to be committed, and the last that is.
  std::map<std::uint64_t, configuration> open_configurations;
  indexed_configuration committed_configuration;

  /// What a leader knows of another server. A standby's log is measured in rounds (Ongaro 2014,
  /// section 4.2.1): each ends when it has what the leader had when the round began.
  struct peer {
    steady_ms last_contact = 0;
    steady_ms answered = 0;  ///< an append, and it fitted
    std::uint64_t round_target = 0;
    steady_ms round_start = 0;
    bool caught_up = false;
    std::uint64_t answered_to = 0;  ///< its log ends there, as it last answered
    steady_ms stuck_since = 0;      ///< it answers and takes nothing of what there is; 0: it does
    steady_ms forgot_since = 0;     ///< it says that it lacks what it had acknowledged; 0: no
  };
  std::map<server_id, peer> peers;

  snapshot_point cut;           ///< where the log was cut; index 0: nowhere
  std::uint64_t log_first = 1;  ///< first index of the log, also of an empty one
  bool cut_wanted = false;      ///< somebody has asked for it, whatever the length
  /// The sizes of the log, added up, at some of its indices.
  struct size_mark {
    std::uint64_t index = 0;
    std::uint64_t total = 0;
  };
  std::deque<size_mark> sizes;
  std::uint64_t size_total = 0;
  std::uint64_t size_before = 0;  ///< at log_first

  state_sender sender;
  state_receiver receiver;
  /// The state that is being put in place, and by which write; token 0: none.
  struct {
    std::uint64_t token = 0;
    snapshot_point at;
  } installing;
  steady_ms sweep_at = 0;  ///< 0: at once; never_again: nothing is left
  bool fetching = false;
  bool sweep_again = false;
  static constexpr steady_ms never_again = ~steady_ms{0};

  struct {
    raft::role role = role::follower;
    std::uint64_t term = 0;
    server_id leader = 0;
  } told;  ///< what the host knows
};

}  // namespace greenroom::raft

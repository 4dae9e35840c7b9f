// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Several replicas of one shard in one thread: fake clock, network that delays, loses, reorders
/// and splits, disks that take their time and lose what is not synced. Everything follows from a
/// seed. What the replicas agree on is the business of whoever derives from this.
///
/// Checked all the time: one leader per term, no two machines with different entries at an index,
/// nothing said that a crash could take back, every proposal answered at most once.

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "raft/replica.hpp"
#include "sim/disk.hpp"
#include "sim/machine.hpp"
#include "sim/network.hpp"

namespace greenroom::sim {

struct group_options {
  std::uint64_t seed = 1;
  std::size_t servers = 3;
  std::size_t spares = 0;  ///< started with an empty disk and of no group; their ids come last
  std::uint32_t loss_percent = 2;
  std::uint32_t network_ms_max = 15;
  std::uint32_t disk_ms_max = 8;
  std::size_t log_entries_max = 1 << 20;  ///< smaller: logs are cut and states fetched
  std::uint32_t piece_bytes = 64;
  std::uint32_t rest_after_ms = 250;  ///< 0: they never rest
  sabotage how = sabotage::none;
  bool watch_messages = true;  ///< that nobody says what a crash could take back
};

class group {
 public:
  explicit group(const group_options& options);
  virtual ~group();
  group(const group&) = delete;
  group& operator=(const group&) = delete;

  // -- what can be done to it ------------------------------------------------------------------
  void run(steady_ms milliseconds);
  /// Until one replica leads a majority that knows it; false after `limit` milliseconds.
  bool run_to_leader(steady_ms limit = 20000);
  void crash(server_id id);
  /// All that was on its way gets to the disk but for the last so many bytes.
  void crash_at(server_id id, std::size_t missing);
  void restart(server_id id);
  void cut(server_id from, server_id to, bool is_cut = true);
  void isolate(server_id id);
  void heal();
  /// The next change that makes the group of the leader consist of these, all with a vote: adds,
  /// promotes and removes one at a time, itself last. True when there is nothing left to do.
  bool change_towards(const std::set<server_id>& wanted);
  bool change_to(const std::set<server_id>& wanted, steady_ms limit = 20000);
  /// No delay of a disk ends while it stalls.
  void stall_disk(server_id id, bool stalled = true);
  /// The next sync fails: the process ends, as the store's writer does.
  void break_disk(server_id id);

  /// As long as it is full, its replica takes no entries of others.
  void fill_disk(server_id id, bool full = true) { at(id).full = full; }

  /// Its process stands still; then it finds all that has come meanwhile, and then what time it is.
  void pause(server_id id, steady_ms milliseconds);

  // -- accidents, by chance ----------------------------------------------------------------------
  void something_happens();
  /// One step of a change of the group, whatever it is. True if one began.
  bool group_changes();

  // -- what can be seen ------------------------------------------------------------------------
  [[nodiscard]] bool alive(server_id id) const { return at(id).node.has_value(); }
  [[nodiscard]] bool running(server_id id) const { return running(at(id)); }
  [[nodiscard]] raft::replica_status status(server_id id) const { return at(id).node->status(); }
  [[nodiscard]] std::optional<server_id> leader() const;
  [[nodiscard]] std::vector<server_id> ids() const;
  /// Whoever is of the group, as its leader knows it; without a leader who was first.
  [[nodiscard]] std::set<server_id> members() const;
  [[nodiscard]] const disk& disk_of(server_id id) const { return at(id).storage; }
  raft::replica& node(server_id id) { return *at(id).node; }
  [[nodiscard]] steady_ms now() const { return now_; }
  std::size_t pick(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }
  /// So far, by all others; states that it fetches are not in it.
  [[nodiscard]] std::uint64_t bytes_sent(server_id to) const { return at(to).bytes_sent; }
  [[nodiscard]] std::size_t states_fetched() const;
  [[nodiscard]] std::size_t terms() const { return leaders_.size(); }
  [[nodiscard]] std::size_t unknown() const { return unknown_; }
  [[nodiscard]] std::size_t torn_writes() const;
  /// How often a replica began to rest.
  [[nodiscard]] std::size_t rests() const { return rests_; }
  /// Per replica: role, term, leader, last, synced, commit, applied, in flight.
  [[nodiscard]] std::string describe() const;

 protected:
  struct agreed_entry {
    std::uint64_t term = 0;
    std::string data;
  };

  /// To be called before anything else, by the constructor of whoever derives.
  void begin();
  /// Everything is well again, and all agree on all there is.
  void calm_down();
  /// Tags say whose proposal something is; none is used twice.
  std::uint64_t next_tag() { return ++last_tag_; }
  bool propose(server_id at, std::uint64_t tag, std::string data);
  /// A machine applies this: it must be what every other has applied there. True for the first.
  bool agree(server_id by, const raft::committed_entry& e);
  /// Up to 20 ms of the group's own words, so that a new leader commits what is left.
  virtual void nudge(server_id leader) = 0;

  virtual std::unique_ptr<machine> make_machine(server_id id, disk& on) = 0;
  virtual void role_changed(server_id, raft::role, std::uint64_t /*term*/) {}
  virtual void dropped(server_id, std::uint64_t /*tag*/, bool /*never_written*/) {}
  virtual void crashed(server_id) {}
  virtual void ticked() {}

  [[nodiscard]] sim::machine& machine_of(server_id id) { return *at(id).state; }
  [[nodiscard]] const std::map<std::uint64_t, agreed_entry>& truth() const { return truth_; }
  network& net() { return network_; }
  std::mt19937_64& random() { return random_; }
  [[nodiscard]] const group_options& options() const { return options_; }

 private:
  struct host;
  struct member {
    member();
    ~member();
    server_id id = 0;
    disk storage;
    std::unique_ptr<sim::machine> state;
    std::unique_ptr<host> owner;
    std::optional<raft::replica> node;
    std::deque<steady_ms> due;  ///< when each pending append of the disk is synced
    bool stalled = false;
    bool broken = false;
    bool full = false;
    std::uint64_t bytes_sent = 0;  ///< to it
    bool rested = false;
    steady_ms paused_until = 0;
    std::set<std::uint64_t> open;  ///< tags that wait for apply or dropped
  };

  member& at(server_id id) { return *members_.at(id - 1); }
  [[nodiscard]] const member& at(server_id id) const { return *members_.at(id - 1); }
  void start(member& m);
  void end(member& m, std::size_t written, bool garbled);
  void tick();
  void work_disk(member& m);
  void watch_machines();
  [[nodiscard]] bool running(const member& m) const {
    return m.node.has_value() && m.paused_until == 0;
  }
  void send(server_id from, server_id to, std::string bytes, bool transfer);
  void check_kept(const member& m, server_id to, const std::string& bytes) const;
  void leads(server_id id, std::uint64_t term);
  [[nodiscard]] bool settled() const;
  [[nodiscard]] std::vector<const member*> grouped() const;

  group_options options_;
  std::mt19937_64 random_;
  steady_ms now_ = 1;
  std::vector<std::unique_ptr<member>> members_;
  network network_{random_, now_};
  std::uint64_t last_tag_ = 0;
  std::uint32_t starts_ = 0;
  std::size_t rests_ = 0;

  // what is known about the truth
  std::map<std::uint64_t, server_id> leaders_;   ///< by term
  std::map<std::uint64_t, agreed_entry> truth_;  ///< by index
  std::size_t unknown_ = 0;                      ///< proposals whose fate was not told
};

}  // namespace greenroom::sim

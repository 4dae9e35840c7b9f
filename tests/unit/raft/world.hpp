// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Several replicas of one shard in one thread: fake clock, network that delays, loses, reorders
/// and splits, disks that take their time and lose what is not synced. Everything follows from a
/// seed.
///
/// Checked all the time: one leader per term, no two machines with different entries at an index,
/// nothing applied that is not synced (fake_machine). At the end: nothing acknowledged is lost,
/// every proposal was answered.

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "unit/raft/fakes.hpp"

namespace greenroom::raft::test {

struct world_options {
  std::uint64_t seed = 1;
  std::size_t servers = 3;
  std::size_t spares = 0;  ///< started with an empty disk and of no group; their ids come last
  std::uint32_t loss_percent = 2;
  std::uint32_t network_ms_max = 15;
  std::uint32_t disk_ms_max = 8;
  std::size_t log_entries_max = 1 << 20;  ///< smaller: logs are cut and states fetched
};

class world {
 public:
  explicit world(const world_options& options);

  // -- what can be done to it ------------------------------------------------------------------
  void run(steady_ms milliseconds);
  /// Until one replica leads a majority that knows it; false after `limit` milliseconds.
  bool run_to_leader(steady_ms limit = 20000);
  /// Proposes through this replica; false if refused.
  bool propose(server_id at);
  void crash(server_id id);
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

  // -- what can be seen ------------------------------------------------------------------------
  [[nodiscard]] bool alive(server_id id) const { return at(id).node.has_value(); }
  [[nodiscard]] replica_status status(server_id id) const { return at(id).node->status(); }
  [[nodiscard]] std::optional<server_id> leader() const;
  [[nodiscard]] std::vector<server_id> ids() const;
  /// Whoever is of the group, as its leader knows it; without a leader who was first.
  [[nodiscard]] std::set<server_id> group() const;
  [[nodiscard]] const fake_disk& disk(server_id id) const { return at(id).disk; }
  replica& node(server_id id) { return *at(id).node; }
  [[nodiscard]] steady_ms now() const { return now_; }
  std::size_t pick(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }

  /// Heals, waits until all agree, and checks what must hold then.
  void check_end();
  [[nodiscard]] std::size_t acknowledged() const { return acknowledged_.size(); }
  [[nodiscard]] std::size_t states_fetched() const;
  [[nodiscard]] std::size_t terms() const { return leaders_.size(); }
  [[nodiscard]] std::size_t unknown() const { return unknown_; }

 private:
  struct host;
  struct member {
    member();
    ~member();
    server_id id = 0;
    fake_disk disk;
    fake_machine state{disk};
    std::unique_ptr<host> owner;
    std::optional<replica> node;
    std::deque<steady_ms> due;  ///< when each pending append of the disk is synced
    bool stalled = false;
    std::set<std::uint64_t> open;  ///< tags that wait for apply or dropped
  };
  struct letter {
    server_id from = 0;
    server_id to = 0;
    std::string bytes;
    bool transfer = false;
  };

  member& at(server_id id) { return *members_.at(id - 1); }
  [[nodiscard]] const member& at(server_id id) const { return *members_.at(id - 1); }
  void start(member& m);
  void tick();
  void work_disk(member& m);
  void send(server_id from, server_id to, std::string bytes);
  void post(letter l);
  void check_kept(const member& m, server_id to, const std::string& bytes) const;
  void applied(member& m, const applied_entry& e);
  void leads(server_id id, std::uint64_t term);
  [[nodiscard]] bool settled() const;
  [[nodiscard]] std::vector<const member*> grouped() const;
  /// Per replica: role, term, leader, last, synced, commit, applied, in flight.
  [[nodiscard]] std::string describe() const;

  world_options options_;
  std::mt19937_64 random_;
  steady_ms now_ = 1;
  std::vector<std::unique_ptr<member>> members_;
  std::multimap<steady_ms, letter> network_;
  std::set<std::pair<server_id, server_id>> cuts_;
  std::uint64_t last_tag_ = 0;
  std::uint32_t starts_ = 0;

  // what is known about the truth
  std::map<std::uint64_t, server_id> leaders_;                            ///< by term
  std::map<std::uint64_t, std::pair<std::uint64_t, std::string>> truth_;  ///< by index
  std::set<std::string> acknowledged_;
  std::set<std::string> never_written_;
  std::size_t unknown_ = 0;  ///< proposals whose fate was not told
};

/// Nothing is lost or slow in it unless a story says so.
world_options calm(std::uint64_t seed = 1, std::size_t servers = 3, std::size_t spares = 0);
server_id next_leader(world& w);

}  // namespace greenroom::raft::test

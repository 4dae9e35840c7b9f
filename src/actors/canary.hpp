// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// CANARY: shows again and again that this node delivers, for /health/ready.
///
/// Each node leads a canary room of its own: its id is the node's, it has no log, no members and no
/// record, so no list shows it and nothing of it is kept. Every ten seconds an event of that room
/// is published to the other nodes as any room's is (encoded, over the link, through the gate and
/// the switchboard, to the actor that stands where the room's relay would), and they publish one
/// back. In the same round an event goes to this very node, an empty list of receivers to each I/O
/// thread, and an empty write to the log, which waits for the sync before it. Not proven: that a
/// majority would agree on a write; leaders of shards are health's other half.
///
/// Owns: the rounds (canary_watch). Takes: publications of canary rooms, ticks. Sends: the same;
/// what it has found to health. Dies: the node starts another; if none lives, health finds its
/// proof too old.

#include <atomic>
#include <memory>
#include <vector>

#include "actors/base.hpp"
#include "actors/canary_watch.hpp"
#include "actors/environment.hpp"
#include "actors/interfaces.hpp"

namespace greenroom::actors {

class canary final : public observed<relay_actor> {
 public:
  /// To be registered as the relay of the room with the node's id.
  canary(caf::actor_config& cfg, environment_ptr env, canary_watch::pace pace = {});

 protected:
  behavior_type make_behavior() override;
  void describe(self_report& to) const override;
  void on_exit() override;

 private:
  using clock = canary_watch::clock;
  /// Something on another thread that is asked once and then not before it has answered, however
  /// many rounds that takes: a thread that hangs is not given more and more.
  struct errand {
    /// For a new round; false: the last one is still under way, and counts for this one.
    bool send() {
      before = done.load();
      return !under_way.exchange(true);
    }
    void answer() {
      // In this order: whoever sends in between sends once too often, and misses nothing.
      under_way.store(false);
      done.fetch_add(1);
    }
    [[nodiscard]] bool is_done() const { return done.load() != before; }

    std::atomic<bool> under_way{false};
    std::atomic<std::uint64_t> done{0};
    std::uint64_t before = 0;  ///< the canary's
  };
  struct elsewhere {
    explicit elsewhere(std::size_t io_threads) : sockets(io_threads) {}
    errand log;
    std::vector<errand> sockets;
  };

  void tick();
  void begin(clock::time_point now);
  void take(const room_publish& p);
  void look(clock::time_point now);
  void arm();
  void publish(const node_id& to, std::uint64_t round, bool is_question);
  void ask_log();
  void ask_sockets();
  [[nodiscard]] canary_watch::linked linked_nodes() const;
  [[nodiscard]] std::vector<std::string> names_of(const std::set<uuid>& nodes) const;

  environment_ptr env_;
  canary_watch watch_;
  std::shared_ptr<elsewhere> elsewhere_;
  std::uint64_t round_ = 0;
  clock::time_point began_{};
  bool armed_ = false;
};

}  // namespace greenroom::actors

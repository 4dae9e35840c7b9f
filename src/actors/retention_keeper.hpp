// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Looks through the rooms of a shard, on its leader, for what their retention does not keep any
/// more, and has it taken away. Part of the shard's actor, on its thread.
///
/// Bounded: a turn looks at `rooms_per_turn` rooms, one command is under way at a time, and it
/// takes at most chat::purged_seqs_max seqs. What is lost with a leader is found by the next one:
/// all it needs is in the rooms.

#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "chat/commands.hpp"
#include "chat/outcome.hpp"

namespace greenroom::actors {

class retention_keeper {
 public:
  using clock = std::chrono::steady_clock;

  static constexpr std::size_t rooms_per_turn = 100;

  /// What the shard does for it.
  struct duties {
    /// Rooms by id, after `after`.
    std::function<std::vector<chat::room>(const std::optional<uuid>& after, std::size_t limit)>
        rooms;
    /// When this entry was written; empty: it is not there.
    std::function<std::optional<unix_ms>(const uuid& room, std::uint64_t seq)> time_of;
    /// Nothing is said about what becomes of it but by applied().
    std::function<void(const chat::purge_room&)> propose;
    /// The same of a restoration that nobody goes on with.
    std::function<void(const chat::abandon_restore&)> abandon = {};
  };

  retention_keeper(std::chrono::milliseconds check_every, duties what);

  void start(clock::time_point now);
  void on_time(clock::time_point now, unix_ms wall);
  /// Something was applied; it looks whether that was its own.
  void applied(const chat::outcome& o, clock::time_point now);
  /// When on_time wants to be called next.
  [[nodiscard]] clock::time_point next_time() const noexcept { return next_; }

 private:
  struct task {
    uuid room;
    std::uint64_t purged_seq = 0;
  };
  void look(clock::time_point now, unix_ms wall);
  void go_on(clock::time_point now);

  const std::chrono::milliseconds check_every_;
  duties do_;
  std::deque<task> due_;          ///< at most rooms_per_turn
  std::optional<uuid> flying_;    ///< the room of the command under way
  std::optional<uuid> after_;     ///< how far this round has come
  clock::time_point round_at_{};  ///< when the next one begins
  bool in_round_ = false;
  clock::time_point next_{};
};

}  // namespace greenroom::actors

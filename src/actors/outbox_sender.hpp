// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Carries what one shard has decided to the shards that have to know: at least once, in order per
/// target (receivers are idempotent). Part of the leading shard's actor, not an actor itself.
///
/// The store's outbox is the truth; this holds a bounded stretch of its beginning in memory. What
/// has arrived is forgotten in batches through the log.

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <unordered_map>
#include <vector>

#include "actors/interfaces.hpp"
#include "actors/switchboard.hpp"

namespace greenroom::actors {

class outbox_sender {
 public:
  using clock = std::chrono::steady_clock;

  /// What the shard does for it.
  struct duties {
    /// The oldest items of the store's outbox.
    std::function<std::vector<chat::outbox_item>(std::size_t limit)> read;
    std::function<void(call_ptr)> ask;
    std::function<void(const line_settled&)> settled;
    std::function<void(std::vector<std::uint64_t>)> forget;
  };

  outbox_sender(switchboard& board, duties what);

  /// Loads what earlier leaders have left.
  void start(clock::time_point now);
  /// Items that were just written.
  void add(const std::vector<chat::outbox_item>& items, clock::time_point now);
  void take_reply(const reply& r, clock::time_point now);
  /// Leaders have changed: what waits to be tried again is tried now.
  void hurry(clock::time_point now);
  void on_time(clock::time_point now);
  /// When on_time wants to be called next.
  [[nodiscard]] clock::time_point next_time() const;
  /// Items in memory that have not arrived.
  [[nodiscard]] std::size_t waiting() const noexcept { return held_; }

 private:
  /// What goes to one target: one item at a time.
  struct lane {
    std::list<chat::outbox_item> items;  ///< mostly one
    call_number flying = 0;
    clock::time_point due{};  ///< to be tried again, or given up when flying
    std::chrono::milliseconds backoff{0};
    bool queued = false;
  };
  void load(clock::time_point now);
  void take(const chat::outbox_item& item);
  void queue(const uuid& target, lane& l);
  void send_queued(clock::time_point now);
  void send(const uuid& target, lane& l, clock::time_point now);
  void failed(lane& l, clock::time_point now);
  void arrived(const uuid& target, lane& l, clock::time_point now);
  void forget_arrived();
  void find_next();

  switchboard& board_;
  duties do_;
  std::unordered_map<uuid, lane, uuid_hash> lanes_;
  std::unordered_map<call_number, uuid> flying_;
  std::deque<uuid> queue_;  ///< targets whose first item may be sent
  std::size_t held_ = 0;
  std::uint64_t last_id_ = 0;  ///< of the newest item that was ever in memory
  bool behind_ = false;        ///< the store has items after last_id_
  clock::time_point load_at_{};
  std::vector<std::uint64_t> arrived_;
  clock::time_point forget_at_ = clock::time_point::max();
  clock::time_point next_lane_ = clock::time_point::max();
};

}  // namespace greenroom::actors

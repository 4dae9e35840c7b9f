// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// How far one outgoing webhook is: what it has sent, the delivery in hand, what its room's leader
/// has yet to be told. Pure: the sender reads the store, keeps the time and sends.

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "actors/calls.hpp"
#include "web/client.hpp"
#include "web/retry_schedule.hpp"

namespace greenroom::actors {

struct webhook_lane {
  using clock = std::chrono::steady_clock;

  webhook_lane(std::uint16_t its_shard, const chat::webhook& as_stored);

  /// What the store says of it now, and what it has given up.
  void meet(const chat::webhook& now, const std::vector<chat::dead_delivery>& given_up);

  // -- deliveries, one at a time
  [[nodiscard]] bool has_delivery() const noexcept { return !body.empty(); }
  void take_in_hand(std::string event_type, std::string document, std::uint64_t of_seq, bool again);
  /// The event at `of_seq` is not for this webhook.
  void pass_over(std::uint64_t of_seq);
  /// The first one to replay is gone, with its room.
  void drop_replay();

  enum class end : std::uint8_t { delivered, again, given_up };
  /// The attempt under way has ended. What was refused is given up at once.
  end take(const web::post_result& result, const web::retry_schedule& schedule, double chance,
           clock::time_point now);

  /// There is nothing to send, and nothing to tell.
  [[nodiscard]] bool is_over() const noexcept;

  // -- telling the leader
  /// Whether the leader ought to be told now: of much or of something important at once, of the
  /// rest after a while.
  [[nodiscard]] bool wants_to_tell(clock::time_point now) const;
  /// What to tell; it is under way as call `number` until told_it() or take_back().
  const room_hook_advance& begin_telling(call_number number, clock::time_point now);
  /// It was heard. True: who saw it may have asked for more, so the store is worth a look.
  bool told_it();
  /// It was not heard, or nobody knows: told again, which changes nothing.
  void take_back();

  chat::webhook hook;
  std::uint16_t shard = 0;
  // how far it is
  std::uint64_t cursor = 0;  ///< up to here everything was delivered, or given up
  bool more = true;          ///< there may be entries behind it
  std::uint32_t failures = 0;
  bool paused = false;
  std::deque<chat::dead_delivery> replays;
  // the delivery in hand
  std::string body;  ///< empty: there is none
  std::string event;
  std::uint64_t seq = 0;
  bool is_replay = false;
  std::uint32_t attempts = 0;
  std::uint64_t ticket = 0;  ///< of the attempt under way; 0: none
  clock::time_point due{};
  // what the leader has yet to be told
  std::vector<chat::dead_delivery> dead;
  std::vector<uuid> settled;
  bool changed = false;
  std::size_t delivered = 0;  ///< since it was told
  clock::time_point told_at{};
  call_number telling = 0;  ///< 0: it is not being told
  room_hook_advance told;

 private:
  void give_up(const web::post_result& result);
  [[nodiscard]] bool knows(const chat::dead_delivery& d) const;
};

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// WEBHOOKS: sends the events of rooms that are led here to their outgoing webhooks.
///
/// Owns: for each hook that has something to send, how far it is, and the attempt under way; the
/// HTTP client with its thread. What waits is in the rooms' logs and not in memory, so its queue is
/// bounded by the number of hooks (`lanes_max`; hooks beyond that wait until others are done).
/// Takes: that rooms have new entries or shards are led here (environment::hooks), answers of
/// receivers, replies to its calls. Sends: POSTs, at most `flying_max` at once and one per hook, in
/// the order of the room; how far hooks are, to the leaders of their rooms, in batches.
/// Dies: respawned by the node; it goes on from what the leaders were told, so some deliveries are
/// made twice, with the same id. A shard that is led elsewhere is let go of, in the same way.

#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/base.hpp"
#include "actors/environment.hpp"
#include "actors/interfaces.hpp"
#include "web/client.hpp"
#include "web/retry_schedule.hpp"

namespace greenroom::actors {

class webhook_sender final : public observed<webhook_actor> {
 public:
  webhook_sender(caf::actor_config& cfg, environment_ptr env);

 protected:
  behavior_type make_behavior() override;
  void on_exit() override;

 private:
  using clock = std::chrono::steady_clock;

  struct lane {
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
    call_number telling = 0;
    room_hook_advance told;
  };
  using lanes = std::unordered_map<uuid, lane, uuid_hash>;

  void take_feed();
  void look_at_shard(std::uint16_t shard, clock::time_point now);
  void look_at_room(std::uint16_t shard, const uuid& room);
  void meet(std::uint16_t shard, const chat::webhook& hook);
  [[nodiscard]] bool leads(std::uint16_t shard) const;
  void work();
  bool find_next(lane& l);
  bool load(lane& l, std::uint64_t seq, bool is_replay);
  void send(lane& l);
  void take_answer(const hook_answer& a);
  void give_up(lane& l, const hook_answer& a);
  void tell(lane& l, clock::time_point now);
  void take_reply(const reply& r);
  static void take_back(lane& l);
  void arm();

  environment_ptr env_;
  std::unique_ptr<web::client> client_;
  const web::retry_schedule schedule_;
  lanes lanes_;
  /// Shards to look at again: they should be led here, but are not yet; until when.
  std::map<std::uint16_t, clock::time_point> waiting_;
  std::unordered_map<call_number, uuid> telling_;
  std::size_t flying_ = 0;
  std::uint64_t tickets_ = 0;
  bool armed_ = false;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace greenroom::actors

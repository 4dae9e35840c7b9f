// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// WEBHOOKS: sends the events of rooms that are led here to their outgoing webhooks.
///
/// Owns: for each hook that has something to send, how far it is, and the attempt under way; the
/// HTTP client with its thread. What waits is in the rooms' logs and not in memory, so its queue is
/// bounded by the number of hooks (`lanes_max`; hooks beyond that wait until others are done).
/// Rooms, and slow receivers together, hold a part of the places of attempts only, and webhooks
/// have their turns one after the other, so that nobody's slow receivers keep those of others
/// waiting. Takes: that rooms have new entries or shards are led here (environment::hooks), answers
/// of receivers, replies to its calls. Sends: POSTs, as many at once as there are places
/// (webhook_places) and one per hook, in the order of the room; how far hooks are, to the leaders
/// of their rooms, in batches. Dies: respawned by the node; it goes on from what the leaders were
/// told, so some deliveries are made twice, with the same id. A shard that is led elsewhere is let
/// go of, in the same way.

#include <map>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/base.hpp"
#include "actors/environment.hpp"
#include "actors/interfaces.hpp"
#include "actors/webhook_lane.hpp"
#include "actors/webhook_places.hpp"
#include "web/client.hpp"
#include "web/retry_schedule.hpp"

namespace greenroom::actors {

class webhook_sender final : public observed<webhook_actor> {
 public:
  webhook_sender(caf::actor_config& cfg, environment_ptr env);

 protected:
  behavior_type make_behavior() override;
  void describe(self_report& to) const override;
  void on_exit() override;

 private:
  using clock = std::chrono::steady_clock;

  /// In the order of their ids, in which they have their turns.
  using lanes = std::map<uuid, webhook_lane>;

  void take_feed();
  void look_at_shard(std::uint16_t shard, clock::time_point now);
  void look_at_room(std::uint16_t shard, const uuid& room);
  void meet(std::uint16_t shard, const chat::webhook& hook);
  [[nodiscard]] bool leads(std::uint16_t shard) const;
  void work();
  bool advance(webhook_lane& l, clock::time_point now);
  bool find_next(webhook_lane& l);
  bool load(webhook_lane& l, std::uint64_t seq, bool is_replay);
  void send(webhook_lane& l, clock::time_point now);
  void take_answer(const hook_answer& a);
  // webhook_telling.cpp
  void tell(webhook_lane& l, clock::time_point now);
  void take_reply(const reply& r);
  void arm();

  environment_ptr env_;
  std::unique_ptr<web::client> client_;
  const web::retry_schedule schedule_;
  lanes lanes_;
  /// Shards to look at again: they should be led here, but are not yet; until when.
  std::map<std::uint16_t, clock::time_point> waiting_;
  std::unordered_map<call_number, uuid> telling_;
  webhook_places places_;
  uuid last_served_;  ///< the webhook that got a place last
  bool armed_ = false;
  bool gathers_ = false;  ///< the feed has something, and is taken soon
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace greenroom::actors

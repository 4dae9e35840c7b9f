// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// RELAY: the events of one room for the connections of this node.
///
/// Owns: the last seq seen, the local listeners and where each is in the room's order, events that
/// arrived too early, who is writing, one call for a gap and one per replay at a time.
/// Takes: subscriptions of sessions, credit of sockets, publications of the room (here or on
/// another node), replies. Sends: room_attach, room_admit, room_entries, room_detach to the room's
/// leader; subscribed to sessions; frames to sockets (one hop per I/O thread, encoded at most once
/// per encoding; a replay as fast as its socket gives credit). Dies: its sessions subscribe again
/// (they monitor nothing: the successor, spawned by the next subscription, attaches from scratch);
/// listeners of the dead one are told to resume.
///
/// Order: a listener is held (replay not released yet), replaying (fed from the room's log up to
/// this relay's last seq; who has more than the relay waits for it) or live. Events reach a
/// listener in seq order without a hole; who is removed from the room gets that event last. When
/// the room has had no leader for longer than a failover takes, live listeners are told (`stale`),
/// and again when it has (`recovered`).

#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "actors/alarm.hpp"
#include "actors/base.hpp"
#include "actors/environment.hpp"
#include "actors/facts.hpp"
#include "actors/interfaces.hpp"

namespace greenroom::actors {

class relay final : public observed<relay_actor> {
 public:
  relay(caf::actor_config& cfg, environment_ptr env, const uuid& room);

 protected:
  behavior_type make_behavior() override;
  void describe(self_report& to) const override;
  void on_exit() override;

 private:
  /// While there is something to repeat.
  static constexpr std::chrono::milliseconds tick_every{500};
  enum class stage : std::uint8_t { asking, held, replaying, live };
  struct listener {
    subscription_ptr wanted;
    session_actor session;
    stage at = stage::asking;
    std::uint64_t next = 0;               ///< held, replaying: the next seq to send
    net::connection_id next_of_user = 0;  ///< another connection of the same user; 0: none
    // replaying:
    call_number fetching = 0;   ///< the page under way
    std::uint32_t page = 0;     ///< how long the next page may be; not 0: credit is asked for
    net::replay_credit credit;  ///< … and given
    void end_page() {
      page = 0;
      credit.reset();
    }
  };

  // relay.cpp: who listens
  void subscribe(const subscription_ptr& wanted, const session_actor& session);
  void unsubscribe(net::connection_id id);
  void admit(net::connection_id id, listener& l, std::uint64_t joined_seq);
  void refuse(net::connection_id id, const error& why);
  void unchain(net::connection_id id, const listener& l);
  [[nodiscard]] std::vector<net::connection_id> connections_of(const uuid& user, stage at) const;
  void attach_to_room();
  void attached(const room_attached& r);
  void take_reply(const reply& r);
  void check_routes();
  void be_away(std::chrono::steady_clock::time_point now);
  void be_back();
  void leave_when_empty();
  void tick();
  void arm_tick(std::chrono::milliseconds after = tick_every);
  call_number ask(call_body body);

  // relay_stream.cpp: what they get
  void take(const room_publish& p);
  void take_in_order(const stream_event& e);
  void deliver(const protocol::event_envelope& e);
  void fetch_gap();
  void take_gap(const room_page& page);
  void end_room(const stream_event& last);
  void pass_over(std::uint64_t first_seq);
  void start_afresh(net::connection_id id);
  void replay(net::connection_id id, listener& l);
  void ask_credit(net::connection_id id, listener& l);
  void take_credit(const credit_given& c);
  void take_replay(net::connection_id id, listener& l, const room_page& page);
  void go_live(listener& l);
  void go_on_with_those_ahead();

  // relay_typing.cpp: what has no place in the order; of typing its own author is not told
  void deliver_ephemeral(const protocol::event_envelope& e);
  void deliver_typing(const protocol::event_envelope& e, const uuid& author);
  void end_silent_typing(std::chrono::steady_clock::time_point now);
  struct group {
    unsigned io_thread;
    protocol::encoding encoding;
    std::shared_ptr<const std::vector<net::connection_id>> receivers;
  };
  const std::vector<group>& live_groups();
  static void count_deliveries(std::size_t events);

  void show_listeners() { facts_->listeners.store(static_cast<std::uint32_t>(listeners_.size())); }

  environment_ptr env_;
  const uuid room_;
  const std::shared_ptr<relay_facts> facts_ = std::make_shared<relay_facts>();
  // what is known of the room
  bool streaming_ = false;           ///< last_seq_ means something
  std::uint64_t last_seq_ = 0;       ///< delivered to all live listeners
  std::uint64_t leader_seq_ = 0;     ///< the highest seq heard of
  std::optional<stream_event> end_;  ///< the room was deleted
  std::map<std::uint64_t, std::shared_ptr<const stream_event>> early_;
  call_number gap_call_ = 0;
  /// Who is writing, and until when that holds if nothing more is heard of him.
  std::unordered_map<uuid, std::chrono::steady_clock::time_point, uuid_hash> typists_;
  // attachment
  bool attached_ = false;
  call_number attach_call_ = 0;
  std::uint64_t route_version_ = 0;
  std::chrono::steady_clock::time_point next_attach_{};
  std::optional<std::chrono::steady_clock::time_point> away_since_;  ///< the room has no leader
  bool told_stale_ = false;
  // listeners
  /// A user with connections here; of them he has a chain through the listeners.
  struct person {
    net::connection_id first = 0;             ///< 0: none
    std::optional<std::uint64_t> joined_seq;  ///< once he is admitted
  };
  std::unordered_map<uuid, person, uuid_hash> people_;
  std::unordered_map<net::connection_id, listener> listeners_;
  std::unordered_map<call_number, uuid> admissions_;
  std::unordered_map<call_number, net::connection_id> replays_;
  std::unordered_set<net::connection_id> ahead_;  ///< replaying, and further than this relay
  std::vector<group> groups_;
  bool groups_stale_ = true;
  alarm alarm_;                                         ///< while there is something to repeat
  std::chrono::steady_clock::time_point idle_until_{};  ///< a tick comes then at the latest
  bool dropped_ = false;  ///< no longer on the switchboard: new subscriptions are passed on
};

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// PRESENCE: what the connections of this node know of who is there, one per node.
///
/// Owns: which users its connections watch (because they asked, or as partners of direct rooms),
/// what is known of these, questions that wait for leaders, users of this node who have gone and
/// whose leader has not heard of it.
/// Takes: wishes of sessions, the end of a user's last session here, news from leaders of shards,
/// replies to its calls, changes of routes.
/// Sends: shard_watch and user_detach to leaders, events and nothing else to sockets, replies to
/// sessions.
/// Dies: questions are answered with UNAVAILABLE; its successor asks all sessions of the node for
/// their wishes again. Who had gone unheard is forgotten by his leader after a while.
///
/// A leader is told of a user once per node, whoever watches him here, and tells every change once
/// per node. What arrives is compared with what is known, so a repeat is no event.

#include <chrono>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "actors/alarm.hpp"
#include "actors/base.hpp"
#include "actors/environment.hpp"
#include "actors/interfaces.hpp"

namespace greenroom::actors {

class presence final : public observed<presence_actor> {
 public:
  presence(caf::actor_config& cfg, environment_ptr env);

 protected:
  behavior_type make_behavior() override;
  void describe(self_report& to) const override;
  void on_exit() override;

 private:
  using clock = std::chrono::steady_clock;
  using ids = std::unordered_set<uuid, uuid_hash>;

  struct watcher {
    protocol::encoding encoding = protocol::encoding::json;
    ids asked;
    ids partners;
  };
  /// Somebody who is watched by connections of this node.
  struct person {
    std::set<net::connection_id> by;
    std::optional<presence_view> known;
  };
  /// What one leader has been told.
  struct shard_state {
    ids watch;   ///< not told yet
    ids forget;  ///< told, and not wanted any more
    std::uint64_t told = 0;
    bool fresh = true;  ///< nothing that was said before counts
    std::uint64_t route_version = 0;
    call_number call = 0;
    ids calling;                                        ///< those the call is about
    clock::time_point next = clock::time_point::max();  ///< of a repeat or a confirmation
  };
  struct question {
    std::vector<uuid> users;
    ids missing;
    call_number number = 0;
    reply_sink answer_to;
    clock::time_point deadline;
  };
  struct leaver {
    std::uint64_t order = 0;
    call_number call = 0;
    clock::time_point next;
  };

  void take(const presence_wish& w);
  void want(net::connection_id id, const uuid& user);
  void want_no_more(net::connection_id id, const uuid& user);
  void answer(const question& q);
  void take_reply(const reply& r);
  void take_views(std::uint16_t shard, const presence_views& views);
  void learn(const presence_view& v, bool certain);
  void tell(const person& p, const presence_view& v);
  void check_routes();
  void tell_leader(std::uint16_t shard, shard_state& s);
  void leave(const uuid& user, leaver& l);
  void tick();
  void wake_at(clock::time_point at);
  [[nodiscard]] std::uint64_t route_version(std::uint16_t shard) const;
  call_number ask(std::uint16_t shard, const uuid& target, call_body body);

  environment_ptr env_;
  std::unordered_map<net::connection_id, watcher> watchers_;
  std::unordered_map<uuid, person, uuid_hash> people_;
  std::map<std::uint16_t, shard_state> shards_;
  std::vector<question> questions_;
  std::unordered_map<uuid, leaver, uuid_hash> leavers_;
  alarm alarm_;
};

}  // namespace greenroom::actors

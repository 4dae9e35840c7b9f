// SPDX-License-Identifier: MIT
#include "actors/relay.hpp"

#include <algorithm>

#include "config/live.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

/// Longer than it takes to elect another leader.
constexpr auto stale_after = 4s;
constexpr auto attach_again_after = 2s;
constexpr auto idle_tick_every = 10s;

}  // namespace

relay::relay(caf::actor_config& cfg, environment_ptr env, const uuid& room)
    : observed(cfg, {actor_kind::relay, room.str(), "node"}), env_(std::move(env)), room_(room) {
  facts_->room = room;
  show(facts_);
}

relay::behavior_type relay::make_behavior() {
  become_known_as("attaching");
  return {[this](const subscription_ptr& wanted, const session_actor& session) {
            subscribe(wanted, session);
          },
          [this](start_atom, net::connection_id id) {
            if (const auto it = listeners_.find(id);
                it != listeners_.end() && it->second.at == stage::held) {
              it->second.at = stage::replaying;
              replay(id, it->second);
            }
          },
          [this](closed_atom, net::connection_id id) { unsubscribe(id); },
          [this](const credit_given_ptr& c) { take_credit(*c); },
          [this](const room_publish_ptr& p) { take(*p); },
          [this](const reply_ptr& r) { take_reply(*r); },
          [this](routes_atom) { check_routes(); },
          [this](tick_atom) { tick(); }};
}

void relay::on_exit() {
  env_->board.drop_relay(room_, address());
  // After a failure nobody feeds these connections any more: they resume on a fresh stream.
  if (auto* sockets = env_->sockets.load()) {
    for (const auto& [id, l] : listeners_) {
      sockets->close(id, close_code::try_later, "resume");
    }
  }
  listeners_.clear();
}

// -- listeners -----------------------------------------------------------------------------------

void relay::subscribe(const subscription_ptr& wanted, const session_actor& session) {
  if (dropped_) {
    caf::anon_send(env_->board.relay_of(room_), wanted, session);
    return;
  }
  auto& l = listeners_[wanted->connection];
  replays_.erase(l.fetching);
  ahead_.erase(wanted->connection);
  if (l.wanted && l.wanted->user_id != wanted->user_id) {
    unchain(wanted->connection, l);
    l.wanted.reset();
  }
  auto& who = people_[wanted->user_id];
  if (!l.wanted) {
    l.next_of_user = std::exchange(who.first, wanted->connection);
  }
  l = listener{wanted, session, stage::asking, 0, l.next_of_user, 0, 0, nullptr};
  show_listeners();
  groups_stale_ = true;
  if (!attached_) {
    attach_to_room();
  } else if (who.joined_seq && !wanted->after_seq) {
    admit(wanted->connection, l, *who.joined_seq);
  } else {
    // Also for known members who resume: the leader's word tells how far its order goes.
    admissions_[ask(room_admit{wanted->user_id})] = wanted->user_id;
  }
  arm_tick();
}

void relay::unsubscribe(net::connection_id id) {
  const auto it = listeners_.find(id);
  if (it == listeners_.end()) {
    return;
  }
  replays_.erase(it->second.fetching);
  unchain(id, it->second);
  listeners_.erase(it);
  show_listeners();
  ahead_.erase(id);
  groups_stale_ = true;
  leave_when_empty();
}

/// Of a user without connections nothing is kept.
void relay::unchain(net::connection_id id, const listener& l) {
  const auto who = people_.find(l.wanted->user_id);
  auto* at = &who->second.first;
  while (*at != id) {
    at = &listeners_.at(*at).next_of_user;
  }
  *at = l.next_of_user;
  if (who->second.first == 0) {
    people_.erase(who);
  }
}

/// A room can have many thousands of listeners, and nothing that concerns one of them is to cost as
/// much as all.
std::vector<net::connection_id> relay::connections_of(const uuid& user, stage at) const {
  std::vector<net::connection_id> found;
  const auto who = people_.find(user);
  for (auto id = who == people_.end() ? 0 : who->second.first; id != 0;) {
    const auto& l = listeners_.at(id);
    if (l.at == at) {
      found.push_back(id);
    }
    id = l.next_of_user;
  }
  return found;
}

void relay::admit(net::connection_id id, listener& l, std::uint64_t joined_seq) {
  people_.at(l.wanted->user_id).joined_seq = joined_seq;
  auto told = std::make_shared<subscribed>();
  told->room_id = room_;
  told->tag = l.wanted->tag;
  auto& result = told->result;
  const auto newest = std::max(leader_seq_, last_seq_);
  const auto max_entries = std::uint64_t{config::current(env_->config).resume.max_entries};
  if (!l.wanted->after_seq || *l.wanted->after_seq > newest) {
    // Live; or the client claims more than there is and has to discard its copy. This relay may
    // still have to fetch what was before he joined, which is not for him.
    l.next = std::max(last_seq_ + 1, joined_seq);
    result = {l.next, l.next - 1, !l.wanted->after_seq.has_value(), std::nullopt};
    if (l.wanted->after_seq) {
      l.at = stage::held;
    } else if (l.next > last_seq_ + 1) {
      l.at = stage::replaying;
      ahead_.insert(id);
    } else {
      l.at = stage::live;
    }
  } else {
    auto first = std::max(*l.wanted->after_seq + 1, joined_seq);
    if (newest >= max_entries && first + max_entries <= newest) {
      first = newest - max_entries + 1;
    }
    result = {first, newest, first == *l.wanted->after_seq + 1, std::nullopt};
    l.next = first;
    l.at = stage::held;
  }
  groups_stale_ = true;
  caf::anon_send(l.session, subscribed_ptr(std::move(told)));
}

void relay::refuse(net::connection_id id, const error& why) {
  const auto it = listeners_.find(id);
  if (it == listeners_.end()) {
    return;
  }
  auto told = std::make_shared<subscribed>();
  told->room_id = room_;
  told->tag = it->second.wanted->tag;
  told->result.failure = why;
  caf::anon_send(it->second.session, subscribed_ptr(std::move(told)));
  unsubscribe(id);
}

void relay::leave_when_empty() {
  if (!listeners_.empty() || dropped_) {
    return;
  }
  // Off the switchboard first: a subscription that is under way to this actor is passed on to the
  // successor, until the next tick ends this one.
  dropped_ = true;
  become_known_as("leaving");
  env_->board.drop_relay(room_, address());
  ask(room_detach{env_->board.self()});
  arm_tick();
}

// -- attachment ----------------------------------------------------------------------------------

call_number relay::ask(call_body body) {
  auto c = std::make_shared<call>();
  c->number = env_->board.next_call();
  c->shard = env_->board.shard_of(room_);
  c->target = room_;
  c->timeout_ms = env_->config.limits.request_timeout_ms;
  c->body = std::move(body);
  const auto number = c->number;
  env_->board.ask(std::move(c), caf::actor_cast<reply_sink>(this));
  return number;
}

void relay::attach_to_room() {
  const auto now = std::chrono::steady_clock::now();
  if (attach_call_ != 0 && now < next_attach_) {
    return;  // the one under way may still be answered
  }
  attached_ = false;
  next_attach_ = now + attach_again_after;
  const auto routes = env_->board.routes();
  const auto shard = env_->board.shard_of(room_);
  route_version_ = shard < routes->shards.size() ? routes->shards[shard].version : 0;
  std::vector<uuid> users;
  users.reserve(people_.size());
  for (const auto& [user, who] : people_) {
    users.push_back(user);
  }
  attach_call_ = ask(room_attach{
      env_->board.self(), streaming_ ? std::optional(last_seq_) : std::nullopt, std::move(users)});
  arm_tick();
}

void relay::attached(const room_attached& r) {
  attach_call_ = 0;
  attached_ = true;
  become_known_as("attached");
  be_back();
  if (!streaming_) {
    streaming_ = true;
    last_seq_ = r.after_seq;
  }
  leader_seq_ = std::max(leader_seq_, r.last_seq);
  for (auto& [user, who] : people_) {
    who.joined_seq.reset();
  }
  for (const auto& [user, joined_seq] : r.members) {
    if (const auto who = people_.find(user); who != people_.end()) {
      who->second.joined_seq = joined_seq;
    }
  }
  std::vector<net::connection_id> waiting;
  for (const auto& [id, l] : listeners_) {
    if (l.at == stage::asking) {
      waiting.push_back(id);
    }
  }
  for (const auto id : waiting) {
    auto& l = listeners_.at(id);
    if (const auto joined_seq = people_.at(l.wanted->user_id).joined_seq) {
      admit(id, l, *joined_seq);
    } else {
      // Not in the reply: either no member, or he came after the call went out.
      admissions_[ask(room_admit{l.wanted->user_id})] = l.wanted->user_id;
    }
  }
  if (leader_seq_ > last_seq_) {
    fetch_gap();
  }
}

void relay::take_reply(const reply& r) {
  const auto* failure = std::get_if<error>(&r.body);
  if (r.number == attach_call_) {
    if (const auto* ok = std::get_if<room_attached>(&r.body)) {
      attached(*ok);
      return;
    }
    attach_call_ = 0;
    if (failure != nullptr && failure->code != ec::unavailable && failure->code != ec::internal) {
      std::vector<net::connection_id> all;
      for (const auto& [id, l] : listeners_) {
        all.push_back(id);
      }
      for (const auto id : all) {
        refuse(id, *failure);
      }
    }
    arm_tick();  // tries again
    return;
  }
  if (r.number == gap_call_) {
    gap_call_ = 0;
    if (const auto* page = std::get_if<room_page>(&r.body)) {
      take_gap(*page);
    }
    return;
  }
  if (const auto it = replays_.find(r.number); it != replays_.end()) {
    const auto id = it->second;
    replays_.erase(it);
    if (const auto l = listeners_.find(id); l != listeners_.end()) {
      l->second.fetching = 0;
      if (const auto* page = std::get_if<room_page>(&r.body)) {
        take_replay(id, l->second, *page);
      } else {
        l->second.end_page();  // others need not wait for this room
      }
    }
    return;
  }
  if (const auto it = admissions_.find(r.number); it != admissions_.end()) {
    const auto user = it->second;
    admissions_.erase(it);
    const auto waiting = connections_of(user, stage::asking);
    if (const auto* ok = std::get_if<room_admitted>(&r.body)) {
      leader_seq_ = std::max(leader_seq_, ok->last_seq);
      for (const auto id : waiting) {
        admit(id, listeners_.at(id), ok->joined_seq);
      }
      if (leader_seq_ > last_seq_) {
        fetch_gap();
      }
    } else if (failure != nullptr && failure->code != ec::unavailable &&
               failure->code != ec::internal) {
      for (const auto id : waiting) {
        refuse(id, *failure);
      }
    } else {
      attached_ = false;
      attach_to_room();
    }
  }
}

void relay::check_routes() {
  const auto routes = env_->board.routes();
  const auto shard = env_->board.shard_of(room_);
  if (shard >= routes->shards.size() || dropped_) {
    return;
  }
  if (routes->shards[shard].leader.is_nil()) {
    be_away(std::chrono::steady_clock::now());
    return;
  }
  if (routes->shards[shard].version == route_version_) {
    if (attached_) {
      be_back();
    }
    return;
  }
  attach_call_ = 0;
  gap_call_ = 0;
  attach_to_room();
}

void relay::be_away(std::chrono::steady_clock::time_point now) {
  if (!away_since_) {
    away_since_ = now;
    become_known_as("without a leader");
    arm_tick();
  } else if (!told_stale_ && now - *away_since_ >= stale_after && !live_groups().empty()) {
    told_stale_ = true;
    deliver({now_ms(), protocol::session_event{protocol::session_event_kind::stale, room_, {}}});
  }
}

void relay::be_back() {
  if (std::exchange(away_since_, std::nullopt)) {
    become_known_as(attached_ ? "attached" : "attaching");
  }
  if (std::exchange(told_stale_, false)) {
    deliver(
        {now_ms(), protocol::session_event{protocol::session_event_kind::recovered, room_, {}}});
  }
}

void relay::arm_tick(std::chrono::milliseconds after) {
  if (alarm_.wants(alarm::clock::now() + after)) {
    delayed_send(this, after, tick_atom::value);
  }
}

void relay::tick() {
  const auto now = std::chrono::steady_clock::now();
  alarm_.rang(now);
  if (dropped_) {
    quit();
    return;
  }
  bool busy = false;
  end_silent_typing(now);
  if (!attached_ || away_since_) {
    busy = true;
    be_away(now);
  }
  if (!attached_) {
    if (now >= next_attach_) {
      if (!away_since_) {
        become_known_as("attaching");
      }
      attach_call_ = 0;
      attach_to_room();
    }
  } else if (now - next_attach_ > 30s) {
    // A safety net for a room that forgot this relay without a word.
    attach_to_room();
  }
  if (attached_ && leader_seq_ > last_seq_) {
    busy = true;
    if (gap_call_ == 0) {
      fetch_gap();
    }
  }
  for (auto& [id, l] : listeners_) {
    if (l.at == stage::replaying) {
      busy = true;
      if (l.fetching == 0) {
        replay(id, l);
      }
    }
    busy = busy || l.at == stage::asking;
  }
  if (busy) {
    arm_tick();
  } else if (now >= idle_until_) {
    idle_until_ = now + idle_tick_every;
    delayed_send(this, idle_tick_every, tick_atom::value);
  }
}

}  // namespace greenroom::actors

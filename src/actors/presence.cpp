// SPDX-License-Identifier: MIT
#include "actors/presence.hpp"

#include <algorithm>
#include <utility>

#include "actors/lazy_frames.hpp"
#include "protocol/enum_names.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

constexpr auto again_after = 500ms;
constexpr auto call_timeout = 2s;
/// A leader that has forgotten what this node watches is found out by this.
constexpr auto confirm_every = 30s;
/// Shorter than the patience of whoever asks.
constexpr auto answer_within = 4s;
/// More goes in the next call.
constexpr std::size_t users_per_call = 5000;

protocol::presence shown(const presence_view& v) {
  return {v.user_id, v.is_online, std::string(protocol::enum_name(v.status)), v.last_seen};
}

bool looks_alike(const presence_view& a, const presence_view& b) {
  return a.is_online == b.is_online && a.status == b.status;
}

reply_ptr reply_of(call_number number, reply_body body) {
  auto r = std::make_shared<reply>();
  r->number = number;
  r->body = std::move(body);
  return r;
}

}  // namespace

presence::presence(caf::actor_config& cfg, environment_ptr env)
    : observed(cfg, {actor_kind::presence, "presence", "node"}), env_(std::move(env)) {}

presence::behavior_type presence::make_behavior() {
  return {[this](const presence_wish_ptr& w) { take(*w); },
          [this](closed_atom, const uuid& user, std::uint64_t order) {
            auto& l = leavers_[user];
            if (order >= l.order) {
              l = {order, 0, {}};
              leave(user, l);
            }
          },
          [this](const presence_publish_ptr& p) {
            for (const auto& v : p->views) {
              learn(v, true);
            }
          },
          [this](const reply_ptr& r) { take_reply(*r); },
          [this](routes_atom) { check_routes(); },
          [this](tick_atom) { tick(); }};
}

void presence::on_exit() {
  for (const auto& q : questions_) {
    caf::anon_send(q.answer_to, reply_of(q.number, unavailable("try again", 100).value()));
  }
  questions_.clear();
}

// -- what connections want -----------------------------------------------------------------------

void presence::take(const presence_wish& w) {
  auto& mine = watchers_[w.connection];
  mine.encoding = w.encoding;
  switch (w.kind) {
    case presence_wish::what::gone:
      for (auto* group : {&mine.asked, &mine.partners}) {
        for (const auto& user : std::exchange(*group, {})) {
          want_no_more(w.connection, user);
        }
      }
      watchers_.erase(w.connection);
      break;
    case presence_wish::what::partners:
      for (const auto& user : w.users) {
        mine.partners.insert(user);
        want(w.connection, user);
      }
      break;
    case presence_wish::what::asked: {
      const auto before = std::exchange(mine.asked, ids(w.users.begin(), w.users.end()));
      for (const auto& user : before) {
        if (!mine.asked.contains(user) && !mine.partners.contains(user)) {
          want_no_more(w.connection, user);
        }
      }
      question q{w.users, {}, w.number, w.answer_to.value(), clock::now() + answer_within};
      for (const auto& user : mine.asked) {
        want(w.connection, user);
        if (!people_.at(user).known) {
          q.missing.insert(user);
        }
      }
      if (q.missing.empty()) {
        answer(q);
      } else {
        wake_at(q.deadline);
        questions_.push_back(std::move(q));
      }
      break;
    }
  }
  for (auto& [shard, s] : shards_) {
    tell_leader(shard, s);
  }
}

void presence::want(net::connection_id id, const uuid& user) {
  auto& p = people_[user];
  if (p.by.empty()) {
    auto& s = shards_[env_->board.shard_of(user)];
    if (s.forget.erase(user) > 0) {
      --s.told;  // told again, because what he looks like is not known any more
    }
    s.watch.insert(user);
  }
  p.by.insert(id);
}

void presence::want_no_more(net::connection_id id, const uuid& user) {
  const auto it = people_.find(user);
  if (it == people_.end()) {
    return;
  }
  it->second.by.erase(id);
  if (it->second.by.empty()) {
    auto& s = shards_[env_->board.shard_of(user)];
    if (s.watch.erase(user) == 0) {
      s.forget.insert(user);
    }
    people_.erase(it);
  }
}

void presence::answer(const question& q) {
  protocol::presence_response response;
  ids seen;
  for (const auto& user : q.users) {
    if (!seen.insert(user).second) {
      continue;
    }
    // Somebody the connection does not watch any more: it has asked again meanwhile.
    const auto it = people_.find(user);
    const auto known = it == people_.end() ? std::nullopt : it->second.known;
    response.presences.push_back(shown(known.value_or(presence_view{user})));
  }
  caf::anon_send(q.answer_to, reply_of(q.number, answered{std::move(response), false}));
}

// -- what leaders say
// ------------------------------------------------------------------------------

void presence::take_reply(const reply& r) {
  for (auto& [shard, s] : shards_) {
    if (s.call != r.number || s.call == 0) {
      continue;
    }
    s.call = 0;
    if (const auto* views = std::get_if<presence_views>(&r.body)) {
      take_views(shard, *views);
    } else {
      s.fresh = true;
      s.next = clock::now() + again_after;
      wake_at(s.next);
    }
    return;
  }
  for (auto it = leavers_.begin(); it != leavers_.end(); ++it) {
    if (it->second.call != r.number) {
      continue;
    }
    if (std::holds_alternative<actors::done>(r.body)) {
      leavers_.erase(it);
    } else {
      it->second.call = 0;
      it->second.next = clock::now() + again_after;
      wake_at(it->second.next);
    }
    return;
  }
}

void presence::take_views(std::uint16_t shard, const presence_views& views) {
  auto& s = shards_.at(shard);
  for (const auto& v : views.views) {
    learn(v, views.settled);
  }
  s.calling.clear();
  if (views.watched != s.told) {
    s.fresh = true;  // it does not know what it was told before
    s.next = clock::now() + again_after;
  } else {
    s.next = clock::now() + confirm_every;
  }
  wake_at(s.next);
  std::erase_if(questions_, [&](question& q) {
    std::erase_if(q.missing, [&](const uuid& user) {
      const auto it = people_.find(user);
      return it == people_.end() || it->second.known.has_value();
    });
    if (q.missing.empty()) {
      answer(q);
    }
    return q.missing.empty();
  });
  tell_leader(shard, s);
}

/// `certain` false: that he is offline may only mean that the leader has not heard of him yet.
void presence::learn(const presence_view& v, bool certain) {
  const auto it = people_.find(v.user_id);
  if (it == people_.end()) {
    return;
  }
  auto& p = it->second;
  if (p.known && (v.version < p.known->version || (!certain && !v.is_online))) {
    return;
  }
  const bool is_news = p.known && !looks_alike(*p.known, v);
  p.known = v;
  if (is_news) {
    tell(p, v);
  }
}

void presence::tell(const person& p, const presence_view& v) {
  auto* sockets = env_->sockets.load();
  if (sockets == nullptr) {
    return;
  }
  const auto seen = shown(v);
  const protocol::event_envelope event{
      now_ms(),
      protocol::presence_event{seen.user_id, seen.is_online, seen.status, seen.last_seen}};
  // Encoded once per encoding, one hop per I/O thread.
  lazy_frames frames(event);
  std::map<std::pair<unsigned, protocol::encoding>, std::vector<net::connection_id>> groups;
  for (const auto id : p.by) {
    groups[{net::io_thread_of(id), watchers_.at(id).encoding}].push_back(id);
  }
  for (auto& [where, receivers] : groups) {
    sockets->fan_out(where.first, frames(where.second),
                     std::make_shared<const std::vector<net::connection_id>>(std::move(receivers)));
  }
}

// -- telling leaders
// -------------------------------------------------------------------------------

std::uint64_t presence::route_version(std::uint16_t shard) const {
  const auto routes = env_->board.routes();
  return shard < routes->shards.size() ? routes->shards[shard].version : 0;
}

call_number presence::ask(std::uint16_t shard, const uuid& target, call_body body) {
  auto c = std::make_shared<call>();
  c->number = env_->board.next_call();
  c->shard = shard;
  c->target = target;
  c->timeout_ms = static_cast<std::uint32_t>(std::chrono::milliseconds(call_timeout).count());
  c->body = std::move(body);
  const auto number = c->number;
  env_->board.ask(std::move(c), caf::actor_cast<reply_sink>(this));
  return number;
}

void presence::tell_leader(std::uint16_t shard, shard_state& s) {
  const auto now = clock::now();
  if (s.call != 0 || (s.fresh && s.next != clock::time_point::max() && now < s.next)) {
    return;  // what is new goes with the next call
  }
  shard_watch w;
  w.node = env_->board.self();
  if (s.fresh) {
    s.watch.clear();
    s.forget.clear();
    for (const auto& [user, p] : people_) {
      if (env_->board.shard_of(user) == shard) {
        s.watch.insert(user);
      }
    }
    if (s.watch.empty() && s.told == 0) {
      return;
    }
    w.afresh = true;
    s.fresh = false;
    s.told = 0;
  } else if (s.watch.empty() && s.forget.empty()) {
    if (s.told == 0) {
      s.next = clock::time_point::max();
      return;
    }
    if (now < s.next) {
      return;
    }
  }
  while (!s.watch.empty() && w.watch.size() < users_per_call) {
    w.watch.push_back(*s.watch.begin());
    s.watch.erase(s.watch.begin());
  }
  s.calling = ids(w.watch.begin(), w.watch.end());
  w.forget.assign(s.forget.begin(), s.forget.end());
  s.forget.clear();
  s.told = s.told + w.watch.size() - w.forget.size();
  s.route_version = route_version(shard);
  s.next = now + call_timeout;
  wake_at(s.next);
  s.call = ask(shard, {}, std::move(w));
}

void presence::check_routes() {
  for (auto& [shard, s] : shards_) {
    if (route_version(shard) != s.route_version) {
      s.call = 0;
      s.fresh = true;
      s.next = clock::time_point::max();
      tell_leader(shard, s);
    }
  }
  for (auto& [user, l] : leavers_) {
    leave(user, l);
  }
}

/// Whose last session here has ended: his leader is told until it has heard.
void presence::leave(const uuid& user, leaver& l) {
  l.next = clock::now() + call_timeout;
  wake_at(l.next);
  l.call = ask(env_->board.shard_of(user), user, user_detach{env_->board.self(), l.order});
}

// -- time
// ------------------------------------------------------------------------------------------

void presence::wake_at(clock::time_point at) {
  if (alarm_.wants(at)) {
    delayed_send(this, alarm::delay(at, clock::now()), tick_atom::value);
  }
}

void presence::tick() {
  const auto now = clock::now();
  alarm_.rang(now);
  auto next = clock::time_point::max();
  std::erase_if(questions_, [&](const question& q) {
    const bool late = q.deadline <= now;
    if (late) {
      caf::anon_send(
          q.answer_to,
          reply_of(q.number, unavailable("the leaders of some of them do not answer").value()));
    } else {
      next = std::min(next, q.deadline);
    }
    return late;
  });
  for (auto& [shard, s] : shards_) {
    if (s.next <= now) {
      if (s.call != 0) {
        s.call = 0;  // no reply
        s.fresh = true;
      }
      s.next = now;
      tell_leader(shard, s);
    }
    next = std::min(next, s.next);
  }
  for (auto& [user, l] : leavers_) {
    if (l.next <= now) {
      leave(user, l);
    }
    next = std::min(next, l.next);
  }
  report(std::to_string(watchers_.size()) + " connections watch " + std::to_string(people_.size()) +
         " people");
  if (next != clock::time_point::max()) {
    wake_at(next);
  }
}

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#include "actors/session.hpp"

#include <algorithm>
#include <random>

#include "actors/answer_time.hpp"
#include "actors/message_trace.hpp"
#include "telemetry/log.hpp"
#include "telemetry/request_scope.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

constexpr auto idle_tick_every = 30s;
/// auth_response waits this long for the rooms' streams; the rest are named stale.
constexpr auto subscribe_within = 2s;
/// A session confirms its place at the user's actor this often, should that have been restarted.
constexpr auto attach_again_every = 60s;
/// Clients of a node that goes are asked to come back elsewhere within this.
constexpr std::uint32_t drain_spread_ms = 2000;

}  // namespace

session::session(caf::actor_config& cfg, environment_ptr env, session_start start)
    : observed(cfg, {actor_kind::session, start.session_id.str(),
                     "connection " + std::to_string(start.connection)}),
      env_(std::move(env)),
      start_(std::move(start)),
      calls_(env_->board) {
  facts_->user_id = start_.user_id;
  facts_->session_id = start_.session_id;
  facts_->connection = start_.connection;
  facts_->transport = start_.transport;
  facts_->address = std::move(start_.address);
  facts_->since = now_ms();
  show(facts_);
}

session::behavior_type session::make_behavior() {
  become_known_as(start_.transport == net::transport::http ? "http" : "starting");
  begin();
  return {[this](const client_request_ptr& r) {
            if (failed_) {
              give_back(r);
              return;
            }
            r->taken = true;
            const telemetry::request_scope scope(r->request.message_id);
            if (const auto* m = std::get_if<protocol::send_message_request>(&r->request.data);
                m != nullptr && somebody_traces.load(std::memory_order_relaxed)) {
              trace_hop(hop::socket, r->request.message_id, start_.user_id, m->room_id,
                        clock::now() - r->received, 0, start_.connection);
            }
            take_request(r->request,
                         [this, id = r->request.message_id, kind = kind_of(r->request.data),
                          received = r->received](protocol::answer_data data, bool duplicate) {
                           count_answer(kind, data, received);
                           if (const auto* ack = std::get_if<protocol::message_ack>(&data)) {
                             trace_hop(hop::answer, id, start_.user_id, ack->room_id);
                           }
                           answer_over_socket(id, std::move(data), duplicate);
                         });
          },
          [this](const http_call_ptr& c) { take_http(c); },
          [this](const reply_ptr& r) {
            if (auto asked = presence_jobs_.extract(r->number)) {
              finish(asked.mapped(), r->body);
            } else if (!calls_.knows(r->number)) {
              dropped("replies later than their time-out");
            } else if (const auto again = calls_.take_reply(*r)) {
              wake_at(*again);
            }
          },
          [this](const subscribed_ptr& s) { take_subscribed(*s); },
          [this](const user_notice_ptr& n) { take_notice(*n); },
          [this](routes_atom) { check_routes(); },
          [this](presence_atom) { wish_again(); },
          [this](drain_atom) {
            // Not all at once: they come back to the other nodes.
            static thread_local std::minstd_rand random(std::random_device{}());
            const std::uint32_t wait =
                std::uniform_int_distribution<std::uint32_t>(0, drain_spread_ms)(random);
            if (attached_ && start_.transport != net::transport::http) {
              send_event({now_ms(), protocol::session_event{
                                        protocol::session_event_kind::draining, {}, wait}});
            }
          },
          [this](closed_atom) { close_down(); },
          [this](tick_atom) { tick(); }};
}

void session::on_exit() {
  // Nothing that was asked stays without an answer, also when a handler failed.
  for (const auto& weak : jobs_) {
    if (const auto j = weak.lock(); j && j->answer) {
      std::exchange(j->answer, nullptr)(
          unavailable("the session was interrupted; repeat with the same message_id").value(),
          false);
    }
  }
  for (auto& [request, answer] : waiting_) {
    answer(error{ec::unauthorized, "not authenticated", {}}, false);
  }
  for (const auto& [room, tag] : rooms_) {
    if (const auto relay = env_->board.find_relay(room)) {
      caf::anon_send(*relay, closed_atom::value, start_.connection);
    }
  }
  if (entered_) {
    const auto last = env_->board.leave_session(start_.user_id, address());
    const auto presence = env_->board.presence();
    if (last && presence) {
      caf::anon_send(*presence, closed_atom::value, start_.user_id, *last);
    }
    wish(presence_wish::what::gone, {});
  }
  presence_jobs_.clear();
  reads_.clear();
  calls_.clear();
  gatherings_.clear();
  start_.owner = nullptr;
}

// -- beginning
// ---------------------------------------------------------------------------------------

void session::begin() {
  if (start_.transport == net::transport::http) {
    return;  // each call is checked by itself
  }
  entered_ = true;
  const auto order =
      env_->board.enter_session(start_.user_id, caf::actor_cast<session_actor>(this));
  const auto deadline = answer_time(env_->config);
  // One tick for this call and for the subscriptions after it; it sees what there is to wait for.
  wake_at(clock::now() + subscribe_within);
  ask(start_.user_id, env_->board.shard_of(start_.user_id), {start_.user_id, {}, 0}, place(order),
      deadline, [this](const reply_body& body) {
        if (const auto* ok = std::get_if<user_attached>(&body)) {
          attached(*ok);
        } else if (const auto* failure = std::get_if<error>(&body)) {
          start_failed(*failure);
        } else {
          start_failed(unavailable("the account cannot be reached right now").value());
        }
      });
}

void session::attached(const user_attached& self) {
  device_id_ = start_.device_id.empty() ? self.device_id : start_.device_id;
  take_limits(self);
  rooms_version_ = self.rooms_version;
  next_attach_ = clock::now() + attach_again_every;
  const auto routes = env_->board.routes();
  const auto shard = env_->board.shard_of(start_.user_id);
  route_version_ = shard < routes->shards.size() ? routes->shards[shard].version : 0;
  status_ = self.status;
  status_at_ = self.status_at;
  std::map<uuid, std::optional<std::uint64_t>> rooms;
  for (const auto& line : self.rooms) {
    if (!limits_.reads(line.room_id)) {
      continue;
    }
    if (!line.partner.is_nil()) {
      partners_.insert(line.partner);
    }
    const auto asked = start_.rooms.find(line.room_id);
    entries_[line.room_id] = line.entry_seq;
    rooms[line.room_id] = asked == start_.rooms.end() ? std::nullopt : std::optional(asked->second);
  }
  if (!partners_.empty()) {
    wish(presence_wish::what::partners, {partners_.begin(), partners_.end()});
  }
  gather(std::move(rooms), clock::now() + subscribe_within,
         [this](gathering& done) { send_auth_response(done); });
}

void session::send_auth_response(gathering& done) {
  auto* sockets = env_->sockets.load();
  attached_ = true;
  become_known_as("open");
  if (sockets != nullptr) {
    sockets->authenticated(start_.connection);
  }
  // Its tokens are secrets, and take more memory than is needed as long as the session lives.
  if (const auto asked = std::move(start_.question)) {
    asked->response.success = true;
    asked->response.session_id = start_.session_id;
    asked->response.user = self_;
    protocol::answer_data answer = std::move(asked->response);
    count_answer(asked->kind, answer, asked->received);
    answer_over_socket(asked->message_id, std::move(answer), asked->duplicate);
  }
  for (const auto& [room, tag] : done.wanted) {
    // Not confirmed in time: named, and its stream begins when the relay has found the leader.
    stale_.push_back(room);
    send_event({now_ms(), protocol::session_event{protocol::session_event_kind::stale, room, {}}});
  }
  for (const auto& [room, result] : done.results.rooms) {
    release(room);
  }
  if (std::exchange(role_changed_, false)) {
    attach_again();
  }
  auto waiting = std::exchange(waiting_, {});
  for (auto& [request, answer] : waiting) {
    const telemetry::request_scope scope(request.message_id);
    take_request(request, std::move(answer));
  }
}

void session::start_failed(const error& why) {
  if (const auto asked = std::move(start_.question)) {
    count_answer(asked->kind, why, asked->received);
    answer_over_socket(asked->message_id, why, false);
  }
  if (start_.transport == net::transport::http) {
    quit();
    return;
  }
  // Requests that came behind the failed authentication, also those that are on their way, go back
  // to the connection, which is unauthenticated again and answers them.
  failed_ = true;
  become_known_as("failed");
  send(start_.owner, closed_atom::value, caf::actor_cast<session_actor>(this));
  for (auto& [request, answer] : std::exchange(waiting_, {})) {
    auto r = std::make_shared<client_request>();
    r->connection = start_.connection;
    r->request = std::move(request);
    r->encoding = start_.encoding;
    r->sockets = &env_->sockets;
    give_back(std::move(r));
  }
}

void session::give_back(client_request_ptr r) {
  send(start_.owner, std::move(r));
}

// -- what happens to the user
// ------------------------------------------------------------------------

void session::take_notice(const user_notice& n) {
  rest_.reset();
  switch (n.kind) {
    case user_notice::what::status_set:
      if (n.status_at > status_at_) {
        status_ = n.status;
        status_at_ = n.status_at;
      }
      break;
    case user_notice::what::room_joined: {
      if (!limits_.reads(n.room_id)) {
        break;
      }
      if (!n.partner.is_nil() && partners_.insert(n.partner).second) {
        wish(presence_wish::what::partners, {n.partner});
      }
      auto& known = entries_[n.room_id];
      if (rooms_.contains(n.room_id) && n.entry_seq <= known) {
        break;
      }
      known = std::max(known, n.entry_seq);
      auto after = n.entry_seq == 0 ? std::nullopt : std::optional(n.entry_seq - 1);
      // Asked for at the beginning, when the user's own list did not show the room yet.
      if (const auto asked = start_.rooms.find(n.room_id);
          asked != start_.rooms.end() && after && *after < asked->second) {
        after = asked->second;
      }
      gather({{n.room_id, after}}, clock::now() + subscribe_within, [this](gathering& g) {
        for (const auto& [room, result] : g.results.rooms) {
          release(room);
        }
      });
      break;
    }
    case user_notice::what::room_left:
      // The relay has cut the stream after the entry; only the memory of it goes here.
      rooms_.erase(n.room_id);
      show_rooms();
      break;
    case user_notice::what::invitation:
      rooms_.erase(n.room_id);
      show_rooms();
      if (limits_.reads(n.room_id)) {
        tell_invitation(n);
      }
      break;
    case user_notice::what::session_revoked:
      if (n.session_id.is_nil() || n.session_id == start_.session_id) {
        revoked_ = true;
        if (!logging_out_) {
          end_revoked();
        }
      }
      break;
    case user_notice::what::role_changed:
      // What it was told when it began may be older.
      if (attached_) {
        attach_again();
      } else {
        role_changed_ = true;
      }
      break;
  }
}

void session::end_revoked() {
  if (start_.transport == net::transport::http) {
    return;
  }
  send_event({now_ms(), protocol::session_event{protocol::session_event_kind::revoked, {}, {}}});
  if (auto* sockets = env_->sockets.load()) {
    sockets->close(start_.connection, close_code::session_revoked, "session revoked");
  }
  closing_ = true;
  become_known_as("revoked");
}

void session::check_routes() {
  calls_.routes_changed(caf::actor_cast<reply_sink>(this));
  if (!attached_) {
    return;
  }
  const auto routes = env_->board.routes();
  const auto shard = env_->board.shard_of(start_.user_id);
  if (shard < routes->shards.size() && routes->shards[shard].version != route_version_ &&
      !routes->shards[shard].leader.is_nil()) {
    route_version_ = routes->shards[shard].version;
    attach_again();
  }
}

void session::attach_again() {
  next_attach_ = clock::now() + attach_again_every;
  ask(start_.user_id, env_->board.shard_of(start_.user_id), {start_.user_id, {}, 0},
      place(env_->board.next_order()), clock::now() + 4s, [this](const reply_body& body) {
        if (const auto* self = std::get_if<user_attached>(&body)) {
          rooms_version_ = self->rooms_version;
          take_limits(*self);
          for (const auto& line : self->rooms) {
            user_notice n;
            n.user_id = start_.user_id;
            n.room_id = line.room_id;
            n.entry_seq = line.entry_seq;
            n.partner = line.partner;
            take_notice(n);
          }
        } else if (const auto* why = std::get_if<error>(&body);
                   why != nullptr && why->code == ec::unauthorized) {
          end_revoked();
        }
      });
}

// -- time
// -----------------------------------------------------------------------------------------------

void session::wake_at(clock::time_point at) {
  if (alarm_.wants(at)) {
    delayed_send(this, alarm::delay(at, clock::now()), tick_atom::value);
  }
}

void session::tick() {
  const auto now = clock::now();
  alarm_.rang(now);
  calls_.on_time(caf::actor_cast<reply_sink>(this), now);
  finish_gatherings();
  give_up_reads(now);
  if (rest_ && now >= rest_->until) {
    rest_.reset();
  }
  const bool is_there = attached_ && start_.transport != net::transport::http;
  // Also while requests are in flight: who always has some would keep a role that was taken from
  // him, or a session whose end nobody could tell.
  if (is_there && now >= next_attach_) {
    attach_again();
  }
  if (!gatherings_.empty() || !calls_.empty() || rest_) {
    // Usually what is waited for comes first, and the next tick finds other calls or none.
    auto next = std::min(calls_.next_time(), next_late_read());
    if (rest_) {
      next = std::min(next, rest_->until);
    }
    for (const auto& g : gatherings_) {
      next = std::min(next, g->deadline);
    }
    wake_at(next);
  } else if (is_there && now >= idle_until_) {
    idle_until_ = now + idle_tick_every;
    delayed_send(this, idle_tick_every, tick_atom::value);
  }
}

void session::close_down() {
  quit();
}

}  // namespace greenroom::actors

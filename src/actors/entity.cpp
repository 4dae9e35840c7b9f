// SPDX-License-Identifier: MIT
#include "actors/entity.hpp"

#include <algorithm>
#include <utility>

#include "telemetry/log.hpp"
#include "telemetry/request_scope.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

/// Own calls and hash jobs are given up a little before the client's patience ends.
constexpr auto own_call_timeout = 4s;
/// Asks again to be let go. Short, because the pending tick keeps what was let go in memory.
constexpr auto park_again_after = 1s;
/// An entity that is needed looks around this often.
constexpr auto look_around_every = 60s;

error interrupted(actor_kind kind) {
  return unavailable("the " + std::string(to_string(kind)) +
                         " was interrupted; repeat with the same message_id",
                     100)
      .value();
}

}  // namespace

std::optional<error> failure_in(const reply_body& body) {
  if (const auto* failure = std::get_if<error>(&body)) {
    return *failure;
  }
  if (std::holds_alternative<not_leader>(body)) {
    return unavailable("another leader is needed, and it is moving", 100).value();
  }
  return std::nullopt;
}

entity::entity(caf::actor_config& cfg, actor_kind kind, const uuid& id, entity_place place)
    : observed(cfg, {kind, id.str(), "shard " + std::to_string(place.number)}),
      id_(id),
      place_(std::move(place)),
      last_used_(clock::now()) {}

entity::behavior_type entity::make_behavior() {
  return {[this](const call_ptr& c, const reply_sink& sink) {
            last_used_ = clock::now();
            const telemetry::request_scope scope(c->from.message_id);
            take({c, sink});
            // It is made for a call: only with that it knows how long it stays.
            if (!std::exchange(looks_around_, true)) {
              wake_at(last_used_ + std::min<clock::duration>(idle_limit(), look_around_every));
            }
          },
          [this](const proposal_result_ptr& r) { take_result(*r); },
          [this](const replicas_reached_ptr& r) {
            if (const auto it = waits_.find(r->id); it != waits_.end()) {
              const auto then = std::move(it->second);
              waits_.erase(it);
              then(*r);
            }
          },
          [this](const line_settled_ptr& l) { settled(*l); },
          [this](const reply_ptr& r) { take_reply(*r); },
          [this](const hash_done_ptr& h) { take_hash(*h); },
          [this](tick_atom) { tick(); }};
}

void entity::on_exit() {
  place_.calls->fail_all(interrupted(record().kind));
  proposals_.clear();
  waits_.clear();
  asks_.clear();
  hashes_.clear();
  place_.shard = nullptr;
}

// -- calls -------------------------------------------------------------------------------------

void entity::answer(const asked& a, reply_body body) {
  if (place_.calls->take(a)) {
    send_reply(a, std::move(body));
  }
}

bool entity::may_be_repeat(const asked& a) const {
  const auto& from = a.what->from;
  return !from.message_id.is_nil() &&
         reader().find_dedup(from.user_id, from.message_id).has_value();
}

// -- proposals ---------------------------------------------------------------------------------

void entity::propose(chat::command_data what, result_handler then) {
  auto p = std::make_shared<proposal>();
  p->id = ++numbers_;
  p->entity = id_;
  p->what = std::move(what);
  proposals_.emplace(p->id, std::move(then));
  send(place_.shard, proposal_ptr(std::move(p)));
}

void entity::propose_for(const asked& a, chat::command_data what, outcome_handler then) {
  propose(std::move(what), [this, a, then = std::move(then)](const proposal_result& r) {
    const telemetry::request_scope scope(a.what->from.message_id);
    if (r.failure) {
      answer(a, *r.failure);
    } else if (const auto* refusal = std::get_if<error>(&r.outcome->answer)) {
      answer(a, *refusal);
    } else {
      then(*r.outcome, r);
    }
  });
}

void entity::await_replicas(std::uint64_t index, reached_handler then) {
  auto w = std::make_shared<replicas_wait>();
  w->id = ++numbers_;
  w->index = index;
  waits_.emplace(w->id, std::move(then));
  send(place_.shard, replicas_wait_ptr(std::move(w)));
}

void entity::take_result(const proposal_result& r) {
  if (r.outcome) {
    applied(r);
  }
  if (const auto it = proposals_.find(r.id); r.id != 0 && it != proposals_.end()) {
    const auto then = std::move(it->second);
    proposals_.erase(it);
    then(r);
  }
}

// -- own calls and hash jobs -------------------------------------------------------------------

void entity::ask(const uuid& target, std::uint16_t shard, const chat::origin& from, call_body body,
                 reply_handler then) {
  auto c = std::make_shared<call>();
  c->number = board().next_call();
  c->shard = shard;
  c->target = target;
  c->from = from;
  c->timeout_ms = static_cast<std::uint32_t>(std::chrono::milliseconds(own_call_timeout).count());
  c->body = std::move(body);
  const auto deadline = clock::now() + own_call_timeout;
  asks_.emplace(c->number, pending<reply_handler>{std::move(then), deadline});
  board().ask(std::move(c), caf::actor_cast<reply_sink>(this));
  wake_at(deadline);
}

void entity::take_reply(const reply& r) {
  const auto it = asks_.find(r.number);
  if (it == asks_.end()) {
    dropped("replies later than their time-out");
    return;
  }
  const auto then = std::move(it->second.then);
  asks_.erase(it);
  then(r.body);
}

bool entity::submit(hash_job::what kind, std::string password, std::string hash,
                    hash_handler then) {
  auto job = std::make_shared<hash_job>();
  job->job = ++numbers_;
  job->kind = kind;
  job->password = std::move(password);
  job->hash = std::move(hash);
  job->done = caf::actor_cast<caf::typed_actor<caf::reacts_to<hash_done_ptr>>>(this);
  const auto number = job->job;
  if (!place_.env->workers->submit(std::move(job))) {
    return false;
  }
  const auto deadline = clock::now() + own_call_timeout;
  hashes_.emplace(number, pending<hash_handler>{std::move(then), deadline});
  wake_at(deadline);
  return true;
}

void entity::take_hash(const hash_done& h) {
  const auto it = hashes_.find(h.job);
  if (it == hashes_.end()) {
    dropped("hashes later than their time-out");
    return;
  }
  const auto then = std::move(it->second.then);
  hashes_.erase(it);
  then(h);
}

// -- time --------------------------------------------------------------------------------------

void entity::wake_at(clock::time_point at) {
  if (alarm_.wants(at)) {
    delayed_send(this, alarm::delay(at, clock::now()), tick_atom::value);
  }
}

void entity::give_up_late(clock::time_point now) {
  // Taken out first: what a handler does may change the tables.
  const auto late = [&](auto& table) {
    std::vector<std::decay_t<decltype(table.begin()->second.then)>> handlers;
    for (auto it = table.begin(); it != table.end();) {
      if (it->second.deadline > now) {
        ++it;
      } else {
        handlers.push_back(std::move(it->second.then));
        it = table.erase(it);
      }
    }
    return handlers;
  };
  for (const auto& then : late(asks_)) {
    then(unavailable("another shard did not answer in time").value());
  }
  for (const auto& then : late(hashes_)) {
    hash_done nothing;
    nothing.failure = unavailable("too many log-ins at once").value();
    then(nothing);
  }
}

void entity::tick() {
  const auto now = clock::now();
  alarm_.rang(now);
  give_up_late(now);
  auto next = due(now);
  for (const auto& [number, p] : asks_) {
    next = std::min(next, p.deadline);
  }
  for (const auto& [number, p] : hashes_) {
    next = std::min(next, p.deadline);
  }
  const bool busy =
      is_needed() || !proposals_.empty() || !waits_.empty() || !asks_.empty() || !hashes_.empty();
  const auto idle_at = last_used_ + idle_limit();
  if (busy) {
    next = std::min<clock::time_point>(next, now + look_around_every);
  } else if (now >= idle_at) {
    send(place_.shard, park_atom::value, id_);
    next = std::min<clock::time_point>(next, now + park_again_after);
  } else {
    next = std::min<clock::time_point>(next, idle_at);
  }
  wake_at(next);
}

}  // namespace greenroom::actors

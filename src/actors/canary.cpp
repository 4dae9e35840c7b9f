// SPDX-License-Identifier: MIT
#include "actors/canary.hpp"

#include <algorithm>

#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

/// How often a round is looked at: at first often, since as a rule all is heard at once.
constexpr auto look_every = 20ms;
constexpr auto look_later_every = 250ms;
constexpr auto first_looks = 200ms;

struct canary_metrics {
  telemetry::histogram& round_trip = telemetry::latency(
      "greenroom_canary_seconds", "From an event of the canary's room to that of another node");
  prometheus::Counter& good = rounds("good");
  prometheus::Counter& bad = rounds("bad");

  static canary_metrics& instance() {
    static canary_metrics only;
    return only;
  }

 private:
  static prometheus::Counter& rounds(const char* result) {
    return telemetry::counter("greenroom_canary_rounds_total",
                              "Whether all that was to be heard of the canary was heard in time",
                              {{"result", result}});
  }
};

std::string joined(const std::vector<std::string>& all) {
  std::string text;
  for (const auto& one : all) {
    text += (text.empty() ? "" : ", ") + one;
  }
  return text;
}

}  // namespace

canary::canary(caf::actor_config& cfg, environment_ptr env, canary_watch::pace pace)
    : observed(cfg, {actor_kind::canary, "canary", "node"}), env_(std::move(env)), watch_(pace) {
  canary_metrics::instance();
}

canary::behavior_type canary::make_behavior() {
  become_known_as("not proven yet");
  caf::anon_send(this, tick_atom::value);
  return {[](const subscription_ptr& wanted, const session_actor& session) {
            auto told = std::make_shared<subscribed>();
            told->room_id = wanted->room_id;
            told->tag = wanted->tag;
            told->result.failure = error{ec::room_not_found, "no such room", {}};
            caf::anon_send(session, subscribed_ptr(std::move(told)));
          },
          [](start_atom, net::connection_id) {},
          [](closed_atom, net::connection_id) {},
          [](const credit_given_ptr&) {},
          [this](const room_publish_ptr& p) { take(*p); },
          [](const reply_ptr&) {},
          [](routes_atom) {},
          [this](tick_atom) { tick(); }};
}

void canary::on_exit() {
  env_->board.drop_relay(env_->board.self(), address());
}

// -- a round ---------------------------------------------------------------------------------

void canary::tick() {
  armed_ = false;
  const auto now = clock::now();
  if (watch_.under_way()) {
    look(now);
  } else if (now >= watch_.next()) {
    begin(now);
  }
  arm();
}

void canary::begin(clock::time_point now) {
  const auto* sockets = env_->sockets.load();
  const std::size_t io_threads = sockets == nullptr ? 0 : sockets->io_threads();
  if (!elsewhere_ || elsewhere_->sockets.size() != io_threads) {
    elsewhere_ = std::make_shared<elsewhere>(io_threads);
  }
  auto peers = linked_nodes();
  began_ = now;
  round_ = watch_.begin(now, peers);
  ask_log();
  ask_sockets();
  publish(env_->board.self(), round_, true);
  for (const auto& [node, since] : peers) {
    publish(node, round_, true);
  }
}

/// Nothing to write: its turn comes when what is before it has been synced.
void canary::ask_log() {
  if (elsewhere_->log.send()) {
    env_->log.append(
        {.shard = 0, .hard = {}, .truncate_from = 0, .entries = {}, .synced = [e = elsewhere_] {
           e->log.answer();
         }});
  }
}

/// An event without receivers: its list is let go of by the I/O thread when it has had its turn.
void canary::ask_sockets() {
  auto* sockets = env_->sockets.load();
  if (sockets == nullptr) {
    return;
  }
  struct nobody {
    nobody(std::shared_ptr<elsewhere> owner, unsigned io_thread)
        : keep(std::move(owner)), index(io_thread) {}
    ~nobody() { keep->sockets[index].answer(); }
    nobody(const nobody&) = delete;
    nobody& operator=(const nobody&) = delete;
    std::vector<net::connection_id> list;
    std::shared_ptr<elsewhere> keep;
    unsigned index;
  };
  const auto document = std::make_shared<const std::string>("{}");
  for (unsigned i = 0; i < elsewhere_->sockets.size(); ++i) {
    if (!elsewhere_->sockets[i].send()) {
      continue;
    }
    const auto who = std::make_shared<nobody>(elsewhere_, i);
    sockets->fan_out(i, document,
                     std::shared_ptr<const std::vector<net::connection_id>>(who, &who->list));
  }
}

/// As a room does it that somebody writes in; a question asks for an event of the asker's room.
void canary::publish(const node_id& to, std::uint64_t round, bool is_question) {
  auto p = std::make_shared<room_publish>();
  p->room_id = to;
  p->term = round;
  p->event = std::make_shared<const stream_event>(stream_event{
      to, 0, {now_ms(), protocol::typing_event{to, env_->board.self(), is_question}}, {}});
  env_->board.publish(to, room_publish_ptr(std::move(p)));
}

void canary::take(const room_publish& p) {
  if (p.event == nullptr) {
    return;
  }
  const auto* said = std::get_if<protocol::typing_event>(&p.event->event.data);
  if (said == nullptr) {
    return;
  }
  const auto& from = said->user_id;
  if (from == env_->board.self()) {
    watch_.heard(canary_watch::part::actors, p.term);
  } else if (said->is_typing) {
    publish(from, p.term, false);
    return;
  } else if (const auto took = watch_.heard_from(from, p.term, clock::now())) {
    canary_metrics::instance().round_trip.observe(*took);
    if (!watch_.under_way() && watch_.missing().empty()) {
      env_->health.delivery_proven(began_, names_of(watch_.through()));  // one more
    }
  }
  look(clock::now());
}

void canary::look(clock::time_point now) {
  if (!watch_.under_way()) {
    return;
  }
  if (elsewhere_->log.is_done()) {
    watch_.heard(canary_watch::part::log, round_);
  }
  if (std::ranges::all_of(elsewhere_->sockets, &errand::is_done)) {
    watch_.heard(canary_watch::part::sockets, round_);
  }
  const bool was_well = watch_.missing().empty();
  switch (watch_.look(now, linked_nodes())) {
    case canary_watch::verdict::pending:
      return;
    case canary_watch::verdict::good:
      canary_metrics::instance().good.Increment();
      become_known_as("delivering");
      if (!was_well) {
        telemetry::log("health").info("delivery is proven again");
      }
      env_->health.delivery_proven(began_, names_of(watch_.through()));
      break;
    case canary_watch::verdict::bad: {
      canary_metrics::instance().bad.Increment();
      become_known_as("failing");
      const auto what = joined(watch_.missing());
      if (was_well) {
        telemetry::log("health").warn("an event was not delivered in time: not through {}", what);
      }
      env_->health.delivery_failed("an event is not delivered through " + what);
      break;
    }
  }
}

void canary::arm() {
  if (armed_) {
    return;
  }
  armed_ = true;
  const auto now = clock::now();
  std::chrono::milliseconds wait = look_every;
  if (!watch_.under_way()) {
    wait = std::chrono::ceil<std::chrono::milliseconds>(
        std::max(clock::duration::zero(), watch_.next() - now));
  } else if (now - began_ >= first_looks) {
    wait = look_later_every;
  }
  delayed_send(this, wait, tick_atom::value);
}

// -- other nodes -----------------------------------------------------------------------------

canary_watch::linked canary::linked_nodes() const {
  canary_watch::linked all;
  if (const auto map = env_->board.routes()->map) {
    for (const auto& m : map->members) {
      if (m.id == env_->board.self()) {
        continue;
      }
      if (const auto since = env_->board.up_since(m.id)) {
        all.emplace(m.id, *since);
      }
    }
  }
  return all;
}

std::vector<std::string> canary::names_of(const std::set<uuid>& nodes) const {
  std::vector<std::string> names;
  if (const auto map = env_->board.routes()->map) {
    for (const auto& m : map->members) {
      if (nodes.contains(m.id)) {
        names.push_back(m.name);
      }
    }
  }
  return names;
}

}  // namespace greenroom::actors

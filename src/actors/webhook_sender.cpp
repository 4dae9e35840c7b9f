// SPDX-License-Identifier: MIT
#include "actors/webhook_sender.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <set>

#include "chat/apply.hpp"
#include "protocol/codec.hpp"
#include "store/shard_reader.hpp"
#include "telemetry/log.hpp"
#include "web/signature.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

constexpr auto tick_every = 100ms;
constexpr std::size_t lanes_max = 10'000;
/// Attempts under way at once; others wait for their turn.
constexpr std::size_t flying_max = 32;
constexpr std::size_t entries_per_read = 100;
/// Entries that a hook does not want are passed over at most so far at once.
constexpr std::size_t pages_at_once = 10;
/// The leader is told of so many deliveries at once, or after so long.
constexpr std::size_t told_at_once = 50;
constexpr auto tell_every = 1s;
constexpr auto tell_within = 5s;
/// A shard that is said to be led here is looked for so long.
constexpr auto wait_for_lead = 30s;
/// Failures are shown to people, and come from elsewhere.
constexpr std::size_t failure_bytes_max = 200;

std::optional<chat::webhook::event> kind_of(const protocol::event_data& e) {
  using event = chat::webhook::event;
  if (std::holds_alternative<protocol::message_received>(e)) return event::message_received;
  if (std::holds_alternative<protocol::message_updated>(e)) return event::message_updated;
  if (std::holds_alternative<protocol::room_event>(e)) return event::room_event;
  return std::nullopt;
}

}  // namespace

webhook_sender::webhook_sender(caf::actor_config& cfg, environment_ptr env)
    : observed(cfg, {actor_kind::webhooks, "webhooks", "node"}),
      env_(std::move(env)),
      schedule_{.retries = env_->config.webhooks.retries} {}

webhook_sender::behavior_type webhook_sender::make_behavior() {
  web::client_options options;
  options.allow_private = env_->config.webhooks.allow_private;
  client_ = std::make_unique<web::client>(options);
  const auto self = caf::actor_cast<webhook_actor>(this);
  env_->hooks.set_taker([weak = caf::actor_cast<caf::weak_actor_ptr>(self)] {
    if (const auto strong = weak.lock()) {
      caf::anon_send(caf::actor_cast<webhook_actor>(strong), start_atom::value);
    }
  });
  const auto routes = env_->board.routes();
  for (std::uint16_t n = 1; n < routes->shards.size(); ++n) {
    if (routes->shards[n].leader == env_->board.self()) {
      env_->hooks.catch_up(n);
    }
  }
  return {[this](start_atom) {
            take_feed();
            work();
          },
          [this](const hook_answer_ptr& a) {
            take_answer(*a);
            work();
          },
          [this](const reply_ptr& r) {
            take_reply(*r);
            work();
          },
          [this](tick_atom) {
            armed_ = false;
            const auto now = clock::now();
            for (const auto& [shard, until] : std::exchange(waiting_, {})) {
              if (leads(shard)) {
                look_at_shard(shard, now);
              } else if (now < until) {
                waiting_.emplace(shard, until);
              }
            }
            work();
          }};
}

void webhook_sender::on_exit() {
  env_->hooks.set_taker({});
  client_.reset();
  lanes_.clear();
}

bool webhook_sender::leads(std::uint16_t shard) const {
  const auto routes = env_->board.routes();
  return shard < routes->shards.size() && routes->shards[shard].leader == env_->board.self();
}

// -- what there is to send
// -------------------------------------------------------------------------

void webhook_sender::take_feed() {
  const auto now = clock::now();
  const auto next = env_->hooks.take();
  for (const auto shard : next.shards) {
    look_at_shard(shard, now);
  }
  for (const auto& [room, shard] : next.rooms) {
    if (next.shards.contains(shard)) {
      continue;
    }
    if (leads(shard)) {
      look_at_room(shard, room);
    } else {
      waiting_.emplace(shard, now + wait_for_lead);
    }
  }
}

void webhook_sender::look_at_shard(std::uint16_t shard, clock::time_point now) {
  if (!leads(shard)) {
    waiting_.emplace(shard, now + wait_for_lead);
    return;
  }
  for (const auto& hook : store::shard_reader(env_->db, shard).webhooks(lanes_max)) {
    meet(shard, hook);
  }
}

void webhook_sender::look_at_room(std::uint16_t shard, const uuid& room) {
  std::set<uuid> present;
  for (const auto& hook : store::shard_reader(env_->db, shard).webhooks_of(room)) {
    present.insert(hook.id);
    meet(shard, hook);
  }
  std::erase_if(lanes_, [&](const auto& l) {
    return l.second.hook.room_id == room && !present.contains(l.first);
  });
}

void webhook_sender::meet(std::uint16_t shard, const chat::webhook& hook) {
  if (hook.kind != chat::webhook::what::outgoing) {
    return;
  }
  auto it = lanes_.find(hook.id);
  if (it == lanes_.end()) {
    if (lanes_.size() >= lanes_max) {
      waiting_[shard] = clock::now() + wait_for_lead;
      return;
    }
    it = lanes_.emplace(hook.id, lane{}).first;
    it->second.shard = shard;
    it->second.cursor = hook.delivered_seq;
    it->second.failures = hook.failures;
    it->second.paused = hook.paused;
  }
  auto& l = it->second;
  l.hook = hook;
  l.more = true;
  if (l.paused && !hook.paused && !l.changed && l.telling == 0) {
    l.paused = false;  // somebody said so
    l.failures = hook.failures;
  }
  const auto is_known = [&](const chat::dead_delivery& d) {
    const auto same = [&](const chat::dead_delivery& k) { return k.seq == d.seq; };
    const auto has = [&](const auto& ids) {
      return std::find(ids.begin(), ids.end(), d.id) != ids.end();
    };
    return std::any_of(l.replays.begin(), l.replays.end(), same) ||
           std::any_of(l.dead.begin(), l.dead.end(), same) ||
           std::any_of(l.told.dead.begin(), l.told.dead.end(), same) || has(l.settled) ||
           has(l.told.settled);
  };
  for (const auto& d : store::shard_reader(env_->db, shard).dead_of(hook.id)) {
    if (d.replay && !is_known(d)) {
      l.replays.push_back(d);
    }
  }
}

/// The next delivery into hand; false: there is none now.
bool webhook_sender::find_next(lane& l) {
  while (!l.replays.empty()) {
    if (load(l, l.replays.front().seq, true)) {
      return true;
    }
    // The event is gone, with its room; so there is nothing to try again.
    l.settled.push_back(l.replays.front().id);
    l.replays.pop_front();
    l.changed = true;
  }
  if (l.paused || !l.more) {
    return false;
  }
  const store::shard_reader reader(env_->db, l.shard);
  for (std::size_t pages = 0; pages < pages_at_once; ++pages) {
    const auto page = reader.entries(l.hook.room_id, l.cursor + 1,
                                     std::numeric_limits<std::uint64_t>::max(), entries_per_read);
    if (page.empty()) {
      l.more = false;
      return false;
    }
    for (const auto& entry : page) {
      if (load(l, entry.seq, false)) {
        return true;
      }
      l.cursor = entry.seq;
      l.changed = true;
    }
  }
  return false;  // others have their turn first
}

/// False: it is not of a kind that the hook wants, or not there any more.
bool webhook_sender::load(lane& l, std::uint64_t seq, bool is_replay) {
  const store::shard_reader reader(env_->db, l.shard);
  const auto room = reader.find_room(l.hook.room_id);
  const auto entries = reader.entries(l.hook.room_id, seq, seq, 1);
  if (!room || room->deleted || entries.empty()) {
    return false;
  }
  const auto& entry = entries.front();
  const auto object = entry.kind == chat::room_entry::what::membership
                          ? std::nullopt
                          : reader.find_message(l.hook.room_id, entry.message_seq);
  const auto event = chat::event_of(*room, entry, object);
  const auto kind = event ? kind_of(event->data) : std::nullopt;
  if (!kind || (!is_replay && (l.hook.events & bit_of(*kind)) == 0)) {
    return false;
  }
  l.body = protocol::encode_event(protocol::encoding::json, *event);
  l.event = protocol::type_name(event->data);
  l.seq = seq;
  l.is_replay = is_replay;
  l.attempts = 0;
  l.due = {};
  return true;
}

// -- sending
// ---------------------------------------------------------------------------------------

void webhook_sender::work() {
  const auto now = clock::now();
  const auto is_over = [&](lane& l) {
    if (!leads(l.shard)) {
      waiting_.emplace(l.shard, now + wait_for_lead);  // it may come back at once
      return true;
    }
    if (l.ticket == 0 && now >= l.due && flying_ < flying_max &&
        (!l.body.empty() || find_next(l))) {
      send(l);
    }
    tell(l, now);
    return l.body.empty() && l.replays.empty() && (l.paused || !l.more) && !l.changed &&
           l.telling == 0;
  };
  for (auto it = lanes_.begin(); it != lanes_.end();) {
    it = is_over(it->second) ? lanes_.erase(it) : std::next(it);
  }
  report(std::to_string(lanes_.size()) + " webhooks with something to send, " +
         std::to_string(flying_) + " attempts under way");
  if (!lanes_.empty() || !waiting_.empty()) {
    arm();
  }
}

void webhook_sender::send(lane& l) {
  const auto url = web::parse_url(l.hook.url);
  ++l.attempts;
  l.ticket = ++tickets_;
  ++flying_;
  auto done = [weak = caf::actor_cast<caf::weak_actor_ptr>(caf::actor_cast<webhook_actor>(this)),
               id = l.hook.id, ticket = l.ticket](web::post_result r) {
    if (const auto strong = weak.lock()) {
      caf::anon_send(caf::actor_cast<webhook_actor>(strong),
                     hook_answer_ptr(std::make_shared<const hook_answer>(
                         hook_answer{id, ticket, r.status, std::move(r.failure)})));
    }
  };
  if (!url) {
    done({0, "its url is not one"});
    return;
  }
  const auto seconds = now_ms() / 1000;
  web::post_request what;
  what.to = *url;
  what.body = l.body;
  what.headers = {{"X-Greenroom-Event", l.event},
                  {"X-Greenroom-Delivery", chat::delivery_id_of(l.hook.id, l.seq).str()},
                  {"X-Greenroom-Timestamp", std::to_string(seconds)},
                  {"X-Greenroom-Signature", web::sign(l.hook.secret, seconds, l.body)}};
  client_->post(std::move(what), std::move(done));
}

void webhook_sender::take_answer(const hook_answer& a) {
  --flying_;
  const auto it = lanes_.find(a.hook_id);
  if (it == lanes_.end() || it->second.ticket != a.ticket) {
    return;  // it has been let go of
  }
  auto& l = it->second;
  l.ticket = 0;
  switch (web::judge(a.status)) {
    case web::verdict::delivered:
      if (l.is_replay) {
        l.settled.push_back(l.replays.front().id);
        l.replays.pop_front();
      } else {
        l.cursor = l.seq;
        l.failures = 0;
      }
      ++l.delivered;
      l.changed = true;
      l.body.clear();
      break;
    case web::verdict::again:
      if (schedule_.goes_on(l.attempts)) {
        l.due = clock::now() +
                schedule_.pause_after(l.attempts, std::uniform_real_distribution<>()(random_));
      } else {
        give_up(l, a);
      }
      break;
    case web::verdict::never:
      give_up(l, a);
      break;
  }
}

void webhook_sender::give_up(lane& l, const hook_answer& a) {
  chat::dead_delivery d;
  d.hook_id = l.hook.id;
  d.id = chat::delivery_id_of(l.hook.id, l.seq);
  d.seq = l.seq;
  d.attempts = l.attempts;
  d.status = a.status;
  d.failure = a.status == 0 ? a.failure.substr(0, failure_bytes_max)
                            : "it answered " + std::to_string(a.status);
  telemetry::log("webhooks")
      .warn("webhook {}: delivery of {} given up after {} attempts: {}", l.hook.id.str(), l.seq,
            l.attempts, d.failure);
  l.dead.push_back(std::move(d));
  if (l.is_replay) {
    l.replays.pop_front();
  } else {
    l.cursor = l.seq;
    if (++l.failures >= chat::failures_until_paused) {
      l.paused = true;
      telemetry::log("webhooks")
          .warn("webhook {} is paused: {} deliveries in a row were given up", l.hook.id.str(),
                l.failures);
    }
  }
  l.changed = true;
  l.body.clear();
}

// -- telling the leader
// ----------------------------------------------------------------------------

void webhook_sender::tell(lane& l, clock::time_point now) {
  if (l.telling != 0) {
    if (now - l.told_at < tell_within) {
      return;
    }
    telling_.erase(l.telling);  // an answer that comes late is not waited for
    take_back(l);
  }
  const bool urgent = !l.dead.empty() || !l.settled.empty() || l.delivered >= told_at_once;
  if (!l.changed || (!urgent && now - l.told_at < tell_every)) {
    return;
  }
  l.told = {l.hook.id,  l.cursor, std::exchange(l.dead, {}), std::exchange(l.settled, {}),
            l.failures, l.paused};
  l.changed = false;
  l.delivered = 0;
  l.told_at = now;
  auto c = std::make_shared<call>();
  c->number = l.telling = env_->board.next_call();
  c->shard = l.shard;
  c->target = l.hook.room_id;
  c->timeout_ms = static_cast<std::uint32_t>(std::chrono::milliseconds(tell_within).count());
  c->body = l.told;
  telling_[c->number] = l.hook.id;
  env_->board.ask(std::move(c), caf::actor_cast<reply_sink>(this));
}

/// It was not heard, or nobody knows: told again, which changes nothing.
void webhook_sender::take_back(lane& l) {
  l.telling = 0;
  l.changed = true;
  l.dead.insert(l.dead.begin(), std::make_move_iterator(l.told.dead.begin()),
                std::make_move_iterator(l.told.dead.end()));
  l.settled.insert(l.settled.begin(), l.told.settled.begin(), l.told.settled.end());
  l.told = {};
}

void webhook_sender::take_reply(const reply& r) {
  const auto asked = telling_.find(r.number);
  if (asked == telling_.end()) {
    return;
  }
  const auto it = lanes_.find(asked->second);
  telling_.erase(asked);
  if (it == lanes_.end() || it->second.telling != r.number) {
    return;
  }
  const auto* why = std::get_if<error>(&r.body);
  if (std::holds_alternative<actors::done>(r.body)) {
    auto& l = it->second;
    // Who has seen what was told may have asked for more meanwhile, which was not for then.
    const bool look_again = l.paused || !l.told.dead.empty();
    l.telling = 0;
    l.told = {};
    if (look_again) {
      look_at_room(l.shard, uuid(l.hook.room_id));
    }
  } else if (why != nullptr &&
             (why->code == ec::invalid_message || why->code == ec::room_not_found)) {
    lanes_.erase(it);  // there is no such webhook any more
  } else {
    take_back(it->second);
    it->second.told_at = clock::now();
  }
}

void webhook_sender::arm() {
  if (!armed_) {
    armed_ = true;
    delayed_send(this, tick_every, tick_atom::value);
  }
}

}  // namespace greenroom::actors

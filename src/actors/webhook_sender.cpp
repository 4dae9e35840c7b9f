// SPDX-License-Identifier: MIT
#include "actors/webhook_sender.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <set>
#include <utility>

#include "chat/apply.hpp"
#include "protocol/codec.hpp"
#include "store/shard_reader.hpp"
#include "telemetry/log.hpp"
#include "telemetry/repeats.hpp"
#include "web/signature.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

constexpr auto tick_every = 100ms;
/// Rooms with something new gather for this long: a look at a room costs an iterator, also where
/// there is no webhook, and a busy room would be looked at for every message.
constexpr auto gather_for = 25ms;
constexpr std::size_t lanes_max = 10'000;
constexpr std::size_t entries_per_read = 100;
/// Entries that a hook does not want are passed over at most so far at once.
constexpr std::size_t pages_at_once = 10;
/// A shard that is said to be led here is looked for so long.
constexpr auto wait_for_lead = 30s;

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
      schedule_{.retries = env_->config.webhooks.retries},
      places_(webhook_places::limits{}) {}

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
  for (std::size_t n = 1; n < routes->shards.size(); ++n) {
    if (routes->shards[n].leader == env_->board.self()) {
      env_->hooks.catch_up(static_cast<std::uint16_t>(n));
    }
  }
  return {[this](start_atom) {
            // The feed tells of the first only, until it is taken.
            if (!std::exchange(gathers_, true)) {
              delayed_send(this, gather_for, start_atom::value);
              return;
            }
            gathers_ = false;
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
    it = lanes_.emplace(hook.id, webhook_lane(shard, hook)).first;
  }
  it->second.meet(hook, store::shard_reader(env_->db, shard).dead_of(hook.id));
}

/// The next delivery into hand; false: there is none now.
bool webhook_sender::find_next(webhook_lane& l) {
  while (!l.replays.empty()) {
    if (load(l, l.replays.front().seq, true)) {
      return true;
    }
    l.drop_replay();
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
      l.pass_over(entry.seq);
    }
  }
  return false;  // others have their turn first
}

/// False: it is not of a kind that the hook wants, or not there any more.
bool webhook_sender::load(webhook_lane& l, std::uint64_t seq, bool is_replay) {
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
  l.take_in_hand(std::string(protocol::type_name(event->data)),
                 protocol::encode_event(protocol::encoding::json, *event), seq, is_replay);
  return true;
}

// -- sending
// ---------------------------------------------------------------------------------------

void webhook_sender::work() {
  const auto now = clock::now();
  for (const auto& [ticket, hook] : places_.overdue(now)) {
    take_answer({hook, ticket, 0, "it did not end in time"});
  }
  // Begins behind the one that got the last place, so that each has its turn.
  const auto last = last_served_;
  for (auto it = lanes_.upper_bound(last); it != lanes_.end();) {
    it = advance(it->second, now) ? std::next(it) : lanes_.erase(it);
  }
  for (auto it = lanes_.begin(); it != lanes_.end() && it->first <= last;) {
    it = advance(it->second, now) ? std::next(it) : lanes_.erase(it);
  }
  report(std::to_string(lanes_.size()) + " webhooks with something to send, " +
         std::to_string(places_.taken()) + " attempts under way");
  become_known_as(lanes_.empty() && places_.taken() == 0 ? "resting" : "sending");
  if (!lanes_.empty() || !waiting_.empty() || places_.taken() > 0) {
    arm();
  }
}

/// False: the webhook has nothing more to do here.
bool webhook_sender::advance(webhook_lane& l, clock::time_point now) {
  if (!leads(l.shard)) {
    waiting_.emplace(l.shard, now + wait_for_lead);  // it may come back at once
    return false;
  }
  if (l.ticket == 0 && now >= l.due && places_.is_free_for(l.hook.room_id, l.hook.id) &&
      (l.has_delivery() || find_next(l))) {
    send(l, now);
  }
  tell(l, now);
  return !l.is_over();
}

void webhook_sender::send(webhook_lane& l, clock::time_point now) {
  const auto url = web::parse_url(l.hook.url);
  ++l.attempts;
  l.ticket = places_.take(l.hook.room_id, l.hook.id, now);
  last_served_ = l.hook.id;
  auto done = [weak = caf::actor_cast<caf::weak_actor_ptr>(caf::actor_cast<webhook_actor>(this)),
               id = l.hook.id, ticket = l.ticket](web::post_result r) {
    if (const auto strong = weak.lock()) {
      caf::anon_send(caf::actor_cast<webhook_actor>(strong),
                     hook_answer_ptr(std::make_shared<const hook_answer>(
                         hook_answer{id, ticket, r.status, std::move(r.failure), r.refused})));
    }
  };
  if (!url) {
    done({0, "its url is not one", true});
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
  const auto it = lanes_.find(a.hook_id);
  const auto now = clock::now();
  const bool delivered = web::judge(a.status, a.refused) == web::verdict::delivered;
  if (!places_.give_back(a.ticket, delivered, now) || it == lanes_.end() ||
      it->second.ticket != a.ticket) {
    return;  // it has come too late, or its webhook has been let go of
  }
  auto& l = it->second;
  const auto ended = l.take({a.status, a.failure, a.refused}, schedule_,
                            std::uniform_real_distribution<>()(random_), now);
  if (ended != webhook_lane::end::given_up) {
    return;
  }
  telemetry::log_seldom({.component = "webhooks", .key = l.hook.id.str()},
                        "webhook {}: delivery of {} given up after {} attempts: {}",
                        l.hook.id.str(), l.seq, l.attempts, l.dead.back().failure);
  if (l.paused && !l.hook.paused) {
    telemetry::log("webhooks")
        .warn("webhook {} is paused: {} deliveries in a row were given up", l.hook.id.str(),
              l.failures);
  }
}

void webhook_sender::arm() {
  if (!armed_) {
    armed_ = true;
    delayed_send(this, tick_every, tick_atom::value);
  }
}

}  // namespace greenroom::actors

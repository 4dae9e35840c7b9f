// SPDX-License-Identifier: MIT
#include <algorithm>

#include "actors/lazy_frames.hpp"
#include "actors/message_trace.hpp"
#include "actors/relay.hpp"
#include "telemetry/metrics.hpp"

namespace greenroom::actors {

namespace {

/// Events that came too early and are kept while the gap is fetched; beyond it they are fetched
/// too.
constexpr std::size_t early_max = 1000;
constexpr std::uint32_t page_entries = 200;

/// The user whose membership ends with this event, if it does.
bool ends_membership(const protocol::event_envelope& e) {
  const auto* change = std::get_if<protocol::room_event>(&e.data);
  return change != nullptr && (change->kind == protocol::room_event_kind::left ||
                               change->kind == protocol::room_event_kind::removed ||
                               change->kind == protocol::room_event_kind::banned);
}

bool ends_room(const protocol::event_envelope& e) {
  const auto* change = std::get_if<protocol::room_event>(&e.data);
  return change != nullptr && change->kind == protocol::room_event_kind::deleted;
}

}  // namespace

void relay::take(const room_publish& p) {
  if (p.reset) {
    attached_ = false;
    become_known_as("attaching");
    attach_call_ = 0;
    attach_to_room();
    return;
  }
  if (!streaming_) {
    dropped("events before it was attached");
    return;  // the reply to the attach call tells where to begin
  }
  leader_seq_ = std::max(leader_seq_, p.last_seq);
  if (p.event != nullptr) {
    const auto& e = *p.event;
    if (e.seq == 0) {
      deliver_ephemeral(e.event);
      return;
    }
    leader_seq_ = std::max(leader_seq_, e.seq);
    if (e.seq == last_seq_ + 1) {
      take_in_order(e);
    } else if (e.seq <= last_seq_) {
      dropped("events that it had already");
    } else if (early_.size() < early_max) {
      early_.emplace(e.seq, p.event);
    } else {
      dropped("events that came too early, which are fetched");
    }
  }
  while (!early_.empty() && early_.begin()->first <= last_seq_ + 1) {
    const auto next = early_.begin()->second;
    early_.erase(early_.begin());
    if (next->seq == last_seq_ + 1) {
      take_in_order(*next);
    }
  }
  if (leader_seq_ > last_seq_) {
    fetch_gap();
  }
}

void relay::take_in_order(const stream_event& e) {
  last_seq_ = e.seq;
  leader_seq_ = std::max(leader_seq_, last_seq_);
  deliver(e.event);
  go_on_with_those_ahead();
  if (ends_room(e.event)) {
    end_room(e);
  } else if (e.user_id && ends_membership(e.event)) {
    // Those who listen live have it; who still replays gets it there, as the last.
    for (const auto id : connections_of(*e.user_id, stage::live)) {
      unsubscribe(id);
    }
    if (const auto who = people_.find(*e.user_id); who != people_.end()) {
      who->second.joined_seq.reset();
    }
  }
}

/// Those who listen live have it; who still replays gets it there, as the last, while the room's
/// log is still there. The rest is refused by the room.
void relay::end_room(const stream_event& last) {
  end_ = last;
  std::vector<net::connection_id> live;
  for (const auto& [id, l] : listeners_) {
    if (l.at == stage::live) {
      live.push_back(id);
    }
  }
  for (const auto id : live) {
    unsubscribe(id);
  }
}

void relay::deliver(const protocol::event_envelope& e) {
  auto* sockets = env_->sockets.load();
  if (sockets == nullptr) {
    return;
  }
  const auto* m = std::get_if<protocol::message_received>(&e.data);
  if (m != nullptr) {
    trace_hop(hop::relay, m->message.message_id, m->message.sender_id, room_);
  }
  lazy_frames frames(e);
  std::size_t receivers = 0;
  for (const auto& g : live_groups()) {
    sockets->fan_out(g.io_thread, frames(g.encoding), g.receivers);
    receivers += g.receivers->size();
  }
  count_deliveries(receivers);
  if (m != nullptr) {
    trace_hop(hop::out, m->message.message_id, m->message.sender_id, room_, {},
              static_cast<std::uint32_t>(receivers));
  }
}

void relay::count_deliveries(std::size_t events) {
  static auto& deliveries =
      telemetry::counter("greenroom_deliveries_total",
                         "Events of rooms that were given to connections, one for each of them");
  if (events > 0) {
    deliveries.Increment(static_cast<double>(events));
  }
}

const std::vector<relay::group>& relay::live_groups() {
  if (groups_stale_) {
    groups_stale_ = false;
    groups_.clear();
    std::map<std::pair<unsigned, protocol::encoding>, std::vector<net::connection_id>> sorted;
    for (const auto& [id, l] : listeners_) {
      if (l.at == stage::live) {
        sorted[{net::io_thread_of(id), l.wanted->encoding}].push_back(id);
      }
    }
    for (auto& [key, ids] : sorted) {
      std::ranges::sort(ids);  // as they lie in the memory of the I/O thread
      groups_.push_back({key.first, key.second,
                         std::make_shared<const std::vector<net::connection_id>>(std::move(ids))});
    }
  }
  return groups_;
}

// -- gaps ----------------------------------------------------------------------------------------

void relay::fetch_gap() {
  if (gap_call_ != 0 || !attached_) {
    return;
  }
  gap_call_ = ask(room_entries{last_seq_ + 1, leader_seq_, page_entries});
  arm_tick();
}

void relay::take_gap(const room_page& page) {
  const auto before = last_seq_;
  leader_seq_ = std::max(leader_seq_, page.last_seq);
  if (page.first_seq > last_seq_ + 1) {
    pass_over(page.first_seq);
  }
  for (const auto& e : page.events) {
    if (e.seq == last_seq_ + 1) {
      take_in_order(e);
    }
  }
  while (!early_.empty() && early_.begin()->first <= last_seq_ + 1) {
    const auto next = early_.begin()->second;
    early_.erase(early_.begin());
    if (next->seq == last_seq_ + 1) {
      take_in_order(*next);
    }
  }
  if (leader_seq_ > last_seq_ && last_seq_ > before) {
    fetch_gap();
  } else if (leader_seq_ > last_seq_) {
    arm_tick();  // nothing that follows: ask again a little later
  }
}

/// What this relay has missed is not kept any more. Who listens cannot have it either: he comes
/// back and is told that his stream begins later.
void relay::pass_over(std::uint64_t first_seq) {
  std::vector<net::connection_id> all;
  for (const auto& [id, l] : listeners_) {
    if (l.at == stage::live || (l.at != stage::asking && l.next < first_seq)) {
      all.push_back(id);
    }
  }
  last_seq_ = first_seq - 1;
  leader_seq_ = std::max(leader_seq_, last_seq_);
  early_.erase(early_.begin(), early_.upper_bound(last_seq_));
  for (const auto id : all) {
    start_afresh(id);
  }
  go_on_with_those_ahead();
}

void relay::start_afresh(net::connection_id id) {
  unsubscribe(id);
  if (auto* sockets = env_->sockets.load()) {
    sockets->close(id, close_code::try_later, "resume");
  }
}

// -- replay
// ----------------------------------------------------------------------------------------

void relay::replay(net::connection_id id, listener& l) {
  if (l.next > last_seq_ + 1) {
    // He has more than this relay, which is still filling a gap: it must not be sent to him again.
    ahead_.insert(id);
    arm_tick();
    return;
  }
  if (l.next > last_seq_) {
    go_live(l);
    return;
  }
  if (l.credit == nullptr) {
    return ask_credit(id, l);
  }
  l.fetching = ask(room_entries{l.next, last_seq_, l.page});
  replays_[l.fetching] = id;
  arm_tick();
}

/// The next page is fetched when its listener has room for it.
void relay::ask_credit(net::connection_id id, listener& l) {
  auto* sockets = env_->sockets.load();
  if (l.page != 0 || sockets == nullptr) {
    return;
  }
  const auto room = std::max(1U, env_->config.limits.outbound_queue_messages / 2);
  l.page = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(std::min(page_entries, room), last_seq_ + 1 - l.next));
  sockets->ask_credit(id, l.page, [self = relay_actor(this), id](net::replay_credit credit) {
    caf::anon_send(self, std::make_shared<const credit_given>(credit_given{id, std::move(credit)}));
  });
}

/// What nobody uses goes back by itself.
void relay::take_credit(const credit_given& c) {
  const auto it = listeners_.find(c.connection);
  if (it == listeners_.end() || it->second.at != stage::replaying || it->second.page == 0 ||
      it->second.credit != nullptr) {
    return;
  }
  it->second.credit = c.credit;
  replay(c.connection, it->second);
}

void relay::take_replay(net::connection_id id, listener& l, const room_page& page) {
  if (page.first_seq > l.next && !end_) {
    start_afresh(id);  // retention was faster than the replay
    return;
  }
  auto* sockets = env_->sockets.load();
  std::vector<net::frame> frames;
  bool removed = false;
  for (const auto& e : page.events) {
    if (e.seq != l.next || e.seq > last_seq_ || removed) {
      break;  // beyond the common stream: live from there
    }
    frames.push_back(
        std::make_shared<const std::string>(protocol::encode_event(l.wanted->encoding, e.event)));
    ++l.next;
    removed = ends_room(e.event) || (e.user_id == l.wanted->user_id && ends_membership(e.event));
  }
  if (frames.empty() && end_ && l.next <= last_seq_) {
    // Its log is being erased: only the end is left to tell.
    frames.push_back(std::make_shared<const std::string>(
        protocol::encode_event(l.wanted->encoding, end_->event)));
    removed = true;
  }
  const bool progress = !frames.empty();
  if (progress && sockets != nullptr) {
    count_deliveries(frames.size());
    sockets->send_many(id, std::move(frames));
  }
  l.end_page();
  if (removed) {
    unsubscribe(id);
  } else if (progress || l.next > last_seq_) {
    replay(id, l);
  } else {
    arm_tick();  // nothing came though something is there: ask again a little later
  }
}

void relay::go_live(listener& l) {
  l.end_page();
  l.at = stage::live;
  groups_stale_ = true;
}

/// Those who had more than this relay listen from where they are.
void relay::go_on_with_those_ahead() {
  std::erase_if(ahead_, [&](net::connection_id id) {
    auto& l = listeners_.at(id);
    if (l.next > last_seq_ + 1) {
      return false;
    }
    go_live(l);
    return true;
  });
}

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#include "actors/outbox_sender.hpp"

#include <algorithm>
#include <utility>

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t page_items = 1000;
/// More than this is left in the store until the targets take it.
constexpr std::size_t held_max = 10'000;
constexpr std::size_t flying_max = 256;
constexpr auto backoff_first = 200ms;
constexpr auto backoff_max = 5000ms;
constexpr auto reply_timeout = 5s;
constexpr auto load_again_after = 200ms;
constexpr auto forget_within = 50ms;
constexpr std::size_t forget_items_max = 256;

/// Another attempt may succeed; everything else is the target's last word.
bool may_pass(const reply_body& body) {
  if (const auto* failure = std::get_if<error>(&body)) {
    return failure->code == ec::unavailable || failure->code == ec::internal;
  }
  return std::holds_alternative<not_leader>(body);
}

call_body body_of(const chat::outbox_item& item) {
  switch (item.kind) {
    case chat::outbox_item::what::confirm_email:
      return email_settle{item.user_id, true};
    case chat::outbox_item::what::release_email:
      return email_settle{item.user_id, false};
    case chat::outbox_item::what::sweep_room:
      return room_sweep{};
    case chat::outbox_item::what::sweep_user:
      return user_sweep{};
    case chat::outbox_item::what::person_closed:
      return room_person_closed{item.user_id, false};
    case chat::outbox_item::what::person_erased:
      return room_person_closed{item.user_id, true};
    case chat::outbox_item::what::user_room:
      break;
  }
  return user_line{item.line};
}

}  // namespace

outbox_sender::outbox_sender(switchboard& board, duties what)
    : board_(board), do_(std::move(what)) {}

void outbox_sender::start(clock::time_point now) {
  load(now);
  send_queued(now);
}

void outbox_sender::add(const std::vector<chat::outbox_item>& items, clock::time_point now) {
  if (items.empty()) {
    return;
  }
  if (behind_ || held_ + items.size() > held_max) {
    behind_ = true;  // in order: after what is in the store
    load_at_ = std::max(load_at_, now + load_again_after);
    return;
  }
  for (const auto& item : items) {
    take(item);
  }
  send_queued(now);
}

void outbox_sender::load(clock::time_point now) {
  // Forgetting takes its time, so the store still has what is known here.
  const auto limit = held_ + arrived_.size() + page_items;
  const auto items = do_.read(limit);
  behind_ = items.size() == limit;
  load_at_ = now + load_again_after;
  for (const auto& item : items) {
    take(item);
  }
}

void outbox_sender::take(const chat::outbox_item& item) {
  if (item.id <= last_id_) {
    return;
  }
  last_id_ = item.id;
  ++held_;
  auto& l = lanes_[item.target];
  l.items.push_back(item);
  if (l.items.size() == 1) {
    queue(item.target, l);
  }
}

void outbox_sender::queue(const uuid& target, lane& l) {
  if (!l.queued) {
    l.queued = true;
    queue_.push_back(target);
  }
}

void outbox_sender::send_queued(clock::time_point now) {
  while (!queue_.empty() && flying_.size() < flying_max) {
    const auto target = queue_.front();
    queue_.pop_front();
    auto& l = lanes_.at(target);
    l.queued = false;
    send(target, l, now);
  }
}

void outbox_sender::send(const uuid& target, lane& l, clock::time_point now) {
  auto c = std::make_shared<call>();
  c->number = board_.next_call();
  c->shard = board_.shard_of(target);
  c->target = target;
  c->timeout_ms = static_cast<std::uint32_t>(std::chrono::milliseconds(reply_timeout).count());
  c->body = body_of(l.items.front());
  l.flying = c->number;
  l.due = now + reply_timeout;
  next_lane_ = std::min(next_lane_, l.due);
  flying_.emplace(c->number, target);
  do_.ask(std::move(c));
}

void outbox_sender::take_reply(const reply& r, clock::time_point now) {
  const auto it = flying_.find(r.number);
  if (it == flying_.end()) {
    return;
  }
  const auto target = it->second;
  flying_.erase(it);
  auto& l = lanes_.at(target);
  l.flying = 0;
  if (may_pass(r.body)) {
    failed(l, now);
  } else {
    arrived(target, l, now);
  }
  send_queued(now);
}

void outbox_sender::failed(lane& l, clock::time_point now) {
  l.backoff = std::clamp<std::chrono::milliseconds>(l.backoff * 2, backoff_first, backoff_max);
  l.due = now + l.backoff;
  next_lane_ = std::min(next_lane_, l.due);
}

void outbox_sender::arrived(const uuid& target, lane& l, clock::time_point now) {
  const auto item = std::move(l.items.front());
  l.items.pop_front();
  l.backoff = 0ms;
  --held_;
  if (l.items.empty()) {
    lanes_.erase(target);
  } else {
    queue(target, l);
  }
  arrived_.push_back(item.id);
  forget_at_ = std::min<clock::time_point>(forget_at_, now + forget_within);
  if (arrived_.size() >= forget_items_max) {
    forget_arrived();
  }
  if (item.kind == chat::outbox_item::what::user_room) {
    do_.settled({item.line.user_id, item.line.room_id, item.line.entry_seq});
  }
}

void outbox_sender::forget_arrived() {
  forget_at_ = clock::time_point::max();
  if (!arrived_.empty()) {
    do_.forget(std::exchange(arrived_, {}));
  }
}

void outbox_sender::hurry(clock::time_point now) {
  for (auto& [target, l] : lanes_) {
    if (l.flying == 0) {
      queue(target, l);
    }
  }
  send_queued(now);
}

void outbox_sender::on_time(clock::time_point now) {
  if (now >= forget_at_) {
    forget_arrived();
  }
  if (behind_ && now >= load_at_) {
    if (held_ <= held_max - page_items) {
      load(now);
    } else {
      load_at_ = now + load_again_after;
    }
  }
  if (now >= next_lane_) {
    for (auto& [target, l] : lanes_) {
      if (l.due > now || l.queued) {
        continue;
      }
      if (l.flying != 0) {
        flying_.erase(l.flying);  // nothing came; the receiver does not mind twice
        l.flying = 0;
        failed(l, now);
      } else {
        queue(target, l);
      }
    }
    find_next();
  }
  send_queued(now);
}

void outbox_sender::find_next() {
  next_lane_ = clock::time_point::max();
  for (const auto& [target, l] : lanes_) {
    if (!l.queued) {
      next_lane_ = std::min(next_lane_, l.due);
    }
  }
}

outbox_sender::clock::time_point outbox_sender::next_time() const {
  const auto next = std::min(forget_at_, next_lane_);
  return behind_ ? std::min(next, load_at_) : next;
}

}  // namespace greenroom::actors

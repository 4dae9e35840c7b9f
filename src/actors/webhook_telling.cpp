// SPDX-License-Identifier: MIT
/// How far webhooks are, told to the leaders of their rooms, who keep it.

#include "actors/webhook_sender.hpp"

namespace greenroom::actors {

namespace {

constexpr auto tell_within = std::chrono::seconds(5);

}  // namespace

void webhook_sender::tell(webhook_lane& l, clock::time_point now) {
  if (l.telling != 0) {
    if (now - l.told_at < tell_within) {
      return;
    }
    telling_.erase(l.telling);  // an answer that comes late is not waited for
    l.take_back();
  }
  if (!l.wants_to_tell(now)) {
    return;
  }
  auto c = std::make_shared<call>();
  c->number = env_->board.next_call();
  c->shard = l.shard;
  c->target = l.hook.room_id;
  c->timeout_ms = static_cast<std::uint32_t>(std::chrono::milliseconds(tell_within).count());
  c->body = l.begin_telling(c->number, now);
  telling_[c->number] = l.hook.id;
  env_->board.ask(std::move(c), caf::actor_cast<reply_sink>(this));
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
    if (l.told_it()) {
      look_at_room(l.shard, uuid(l.hook.room_id));
    }
  } else if (why != nullptr &&
             (why->code == ec::invalid_message || why->code == ec::room_not_found)) {
    lanes_.erase(it);  // there is no such webhook any more
  } else {
    it->second.take_back();
    it->second.told_at = clock::now();
  }
}

}  // namespace greenroom::actors

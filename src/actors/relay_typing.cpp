// SPDX-License-Identifier: MIT
/// Who is writing, as the connections of this node have been told. The room says when it ends; its
/// word is lost when its leader is, and whoever was writing then would be writing for ever.

#include <algorithm>

#include "actors/lazy_frames.hpp"
#include "actors/relay.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

/// A room repeats after 3 s that somebody goes on, and ends it 6 s after his last word: who is
/// silent for longer has lost his room's leader.
constexpr auto typing_ends_after = 7s;
/// Of more than these the end is left to the room.
constexpr std::size_t typists_max = 1000;

}  // namespace

void relay::deliver_ephemeral(const protocol::event_envelope& e) {
  const auto* typing = std::get_if<protocol::typing_event>(&e.data);
  if (typing == nullptr) {
    deliver(e);
    return;
  }
  if (!typing->is_typing) {
    typists_.erase(typing->user_id);
  } else if (typists_.size() < typists_max || typists_.contains(typing->user_id)) {
    typists_[typing->user_id] = std::chrono::steady_clock::now() + typing_ends_after;
    arm_tick(typing_ends_after);
  }
  deliver_typing(e, typing->user_id);
}

void relay::deliver_typing(const protocol::event_envelope& e, const uuid& author) {
  auto* sockets = env_->sockets.load();
  if (sockets == nullptr) {
    return;
  }
  lazy_frames frames(e);
  for (const auto& g : live_groups()) {
    auto others = *g.receivers;
    std::erase_if(
        others, [&](net::connection_id id) { return listeners_.at(id).wanted->user_id == author; });
    if (!others.empty()) {
      count_deliveries(others.size());
      sockets->fan_out(g.io_thread, frames(g.encoding),
                       std::make_shared<const std::vector<net::connection_id>>(std::move(others)));
    }
  }
}

void relay::end_silent_typing(std::chrono::steady_clock::time_point now) {
  auto next = std::chrono::steady_clock::time_point::max();
  std::erase_if(typists_, [&](const auto& entry) {
    const auto& [user, until] = entry;
    if (until > now) {
      next = std::min(next, until);
      return false;
    }
    deliver_typing({now_ms(), protocol::typing_event{room_, user, false}}, user);
    return true;
  });
  if (!typists_.empty()) {
    arm_tick(alarm::delay(next, now));
  }
}

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#include "actors/freed_space.hpp"

#include <algorithm>
#include <exception>
#include <utility>
#include <variant>

#include "telemetry/log.hpp"

namespace greenroom::actors {

namespace {

constexpr int rounds_between = 10;

}  // namespace

freed_space::freed_space(std::uint16_t shard, std::chrono::milliseconds round)
    : shard_(shard), round_(round) {}

void freed_space::applied(std::uint64_t index, const chat::outcome& o, clock::time_point now) {
  if (const auto* purged = std::get_if<chat::room_purged>(&o.answer)) {
    auto& seq = gathered_.rooms[purged->room_id];
    seq = std::max(seq, purged->purged_seq);
  } else if (const auto* swept = std::get_if<chat::room_swept>(&o.answer);
             swept != nullptr && swept->what != chat::room_swept::left::people) {
    gathered_.any_rooms = true;  // of which, only the command knows
  } else {
    return;
  }
  newest_ = index;
  something_ = true;
  if (!cutting_ && next_ == clock::time_point::max()) {
    next_ = next_instant(now);
  }
}

/// All shards of a node share them, so that what they have is written to tables once.
freed_space::clock::time_point freed_space::next_instant(clock::time_point now) const {
  const auto apart = rounds_between * round_;
  return now + apart - now.time_since_epoch() % apart;
}

void freed_space::begin_cut() {
  if (cutting_) {
    return;
  }
  cutting_ = true;
  up_to_ = newest_;
  leaving_ = std::exchange(gathered_, {});
  something_ = false;
}

store::freed freed_space::take(clock::time_point now) {
  cutting_ = false;
  next_ = something_ ? next_instant(now) : clock::time_point::max();
  auto what = std::exchange(leaving_, {});
  what.shard = shard_;
  return what;
}

space_returns& space_returns::instance() {
  static space_returns one;
  return one;
}

void space_returns::add(caf::actor_system& system, const environment_ptr& env, store::freed what) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(what));
  if (!std::exchange(running_, true)) {
    system.spawn<caf::detached>([env](caf::event_based_actor*) { instance().run(env); });
  }
}

void space_returns::run(const environment_ptr& env) {
  while (true) {
    std::vector<store::freed> next;
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.empty() || cancelled_) {
        running_ = false;
        return;
      }
      next = std::exchange(waiting_, {});
    }
    try {
      if (const auto done = store::give_back(env->db, next, cancelled_); !done) {
        telemetry::log("store").warn("what was deleted stays on the disk for now: {}",
                                     done.error().message);
      }
    } catch (const std::exception& e) {
      telemetry::log("store").warn("what was deleted stays on the disk for now: {}", e.what());
    }
  }
}

}  // namespace greenroom::actors

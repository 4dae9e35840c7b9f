// SPDX-License-Identifier: MIT
#include "actors/message_clock.hpp"

#include <algorithm>
#include <bit>
#include <caf/abstract_actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/group.hpp>
#include <utility>

#include "runtime/wakes.hpp"

namespace greenroom::actors {

namespace {

using std::chrono::milliseconds;

constexpr std::int64_t part_of_delay = 32;
constexpr std::int64_t together_max_ms = 64;

}  // namespace

message_clock::time_point message_clock::rounded(time_point due, time_point now) {
  const auto delay = std::chrono::duration_cast<milliseconds>(due - now).count();
  if (delay < 2 * part_of_delay) return due;
  // Powers of two, so that longer steps end where shorter ones do.
  const auto step_ms = std::min<std::uint64_t>(
      std::bit_floor(static_cast<std::uint64_t>(delay / part_of_delay)), together_max_ms);
  const auto step = std::chrono::duration_cast<duration_type>(milliseconds(step_ms));
  const auto over = due.time_since_epoch() % step;
  return over == duration_type::zero() ? due : due + (step - over);
}

void message_clock::schedule_message(time_point t, caf::strong_actor_ptr receiver,
                                     caf::mailbox_element_ptr content) {
  const auto due = rounded(t, clock_type::now());
  // The sender of what somebody sends himself would keep him alive.
  if (content->sender == receiver) content->sender = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;  // the message ends when this function does, without the lock
    waiting_.push_back({due, ++orders_, caf::weak_actor_ptr(receiver.get()), std::move(content)});
    std::push_heap(waiting_.begin(), waiting_.end(), later);
    if (due >= looks_at_) return;
    looks_at_ = due;  // the next one need not wake it for the same
  }
  changed_.notify_one();
}

void message_clock::run() {
  std::vector<entry> due;
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    const auto now = clock_type::now();
    if (waiting_.empty()) {
      looks_at_ = time_point::max();
      changed_.wait(lock);
    } else if (waiting_.front().due > now) {
      looks_at_ = waiting_.front().due;
      changed_.wait_until(lock, looks_at_);
    } else {
      looks_at_ = time_point::min();
      take_due(now, due);
      lock.unlock();
      {
        const runtime::gathering_wakes once;
        for (auto& e : due) {
          if (const auto to = caf::actor_cast<caf::strong_actor_ptr>(e.to)) {
            to->enqueue(std::move(e.what), nullptr);
          }
        }
      }
      due.clear();
      lock.lock();
    }
  }
}

void message_clock::take_due(time_point now, std::vector<entry>& out) {
  while (!waiting_.empty() && waiting_.front().due <= now && out.size() < batch_max) {
    std::pop_heap(waiting_.begin(), waiting_.end(), later);
    out.push_back(std::move(waiting_.back()));
    waiting_.pop_back();
  }
}

void message_clock::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_one();
}

void message_clock::clear() {
  std::vector<entry> all;
  const std::lock_guard lock(mutex_);
  all.swap(waiting_);
}

std::size_t message_clock::size() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

// -- what CAF's own clock does -------------------------------------------------------------------

/// Each actor that ends cancels its time-outs: only for those that had one a thread is woken.
void message_clock::remember(caf::abstract_actor* self) {
  const std::lock_guard lock(mutex_);
  known_to_others_.insert(self->id());
}

void message_clock::cancel_timeouts(caf::abstract_actor* self) {
  {
    const std::lock_guard lock(mutex_);
    if (known_to_others_.erase(self->id()) == 0) return;
  }
  others_.cancel_timeouts(self);
}

void message_clock::set_ordinary_timeout(time_point t, caf::abstract_actor* self,
                                         caf::atom_value type, std::uint64_t id) {
  remember(self);
  others_.set_ordinary_timeout(t, self, type, id);
}

void message_clock::set_request_timeout(time_point t, caf::abstract_actor* self,
                                        caf::message_id id) {
  remember(self);
  others_.set_request_timeout(t, self, id);
}

void message_clock::set_multi_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type,
                                      std::uint64_t id) {
  remember(self);
  others_.set_multi_timeout(t, self, type, id);
}

void message_clock::cancel_ordinary_timeout(caf::abstract_actor* self, caf::atom_value type) {
  others_.cancel_ordinary_timeout(self, type);
}

void message_clock::cancel_request_timeout(caf::abstract_actor* self, caf::message_id id) {
  others_.cancel_request_timeout(self, id);
}

void message_clock::schedule_message(time_point t, caf::group target, caf::strong_actor_ptr sender,
                                     caf::message content) {
  others_.schedule_message(t, std::move(target), std::move(sender), std::move(content));
}

void message_clock::cancel_all() {
  clear();
  others_.cancel_all();
}

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#include "actors/job_queue.hpp"

#include <algorithm>

namespace greenroom::actors {

namespace {

/// What the actors of this thread have others woken for, while the thread takes jobs.
runtime::gathering_wakes& gathered() {
  static thread_local runtime::gathering_wakes own;
  return own;
}

/// Whether this thread is one of those that take.
thread_local bool takes = false;

}  // namespace

job_queue::job_queue(std::size_t up_max) : up_max_(std::max<std::size_t>(up_max, 1)) {}

void job_queue::put(caf::resumable* job) {
  bool ring = false;
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(job);
    ring = call_another();
  }
  if (!ring) return;
  if (takes) {
    // Another processor is free for it; this thread may be busy for a while.
    bell_->wake();
  } else {
    runtime::wake(bell_);
  }
}

/// Whether the bell has to be rung.
bool job_queue::call_another() {
  if (called_ > 0) {
    // One comes already. Unless who has called it is held up before it could ring.
    if (!runtime::is_overdue(called_at_)) return false;
    called_at_ = clock::now();
    return true;
  }
  if (resting_ == 0) return false;
  const auto now = clock::now();
  if (up_.size() >= up_max_) {
    if (now - last_take_ < stuck_after) return false;
    for (auto* t : up_)
      t->stuck_ = true;
    up_.clear();
  }
  called_ = 1;
  called_at_ = now;
  return true;
}

caf::resumable* job_queue::take(taker& who) {
  takes = true;
  auto& others = gathered();
  std::unique_lock lock(mutex_);
  if (who.stuck_) {
    // Another thread has taken its place, and may have gone to rest since.
    who.stuck_ = who.up_ = false;
  }
  for (;;) {
    if (!jobs_.empty() && !who.up_ && up_.size() < up_max_) get_up(who);
    if (!jobs_.empty() && who.up_) {
      auto* job = jobs_.front();
      jobs_.pop_front();
      last_take_ = clock::now();
      const auto now = last_take_;
      const bool ring = !jobs_.empty() && call_another();
      lock.unlock();
      if (ring) bell_->wake();
      others.wake_if_due(now);
      return job;
    }
    if (!others.empty()) {
      lock.unlock();
      others.wake_all();
      lock.lock();
      if (who.stuck_) who.stuck_ = who.up_ = false;
      continue;
    }
    if (who.up_) lie_down(who);
    ++resting_;
    bell_->rings.wait(lock, [this] { return called_ > 0; });
    --resting_;
    --called_;
  }
}

void job_queue::leave(taker& who) {
  bool ring = false;
  {
    const std::lock_guard lock(mutex_);
    if (who.up_ && !who.stuck_) lie_down(who);
    who.up_ = who.stuck_ = false;
    ring = !jobs_.empty() && call_another();
  }
  takes = false;
  if (ring) bell_->wake();
  gathered().wake_all();
}

caf::resumable* job_queue::take_rest() {
  const std::lock_guard lock(mutex_);
  if (jobs_.empty()) return nullptr;
  auto* job = jobs_.front();
  jobs_.pop_front();
  return job;
}

void job_queue::get_up(taker& who) {
  up_.push_back(&who);
  who.up_ = true;
}

void job_queue::lie_down(taker& who) {
  std::erase(up_, &who);
  who.up_ = false;
}

}  // namespace greenroom::actors

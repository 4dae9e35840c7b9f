// SPDX-License-Identifier: MIT
#include "actors/worker_pool.hpp"

#include <algorithm>

#include "actors/worker.hpp"

namespace greenroom::actors {

worker_pool::worker_pool(caf::actor_system& system, std::size_t workers, std::size_t queue_max,
                         const security::password_cost& cost)
    : slots_(std::make_shared<worker_slots>(system, queue_max, cost)) {
  slots_->fill(workers);
}

void worker_slots::fill(std::size_t workers) {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < workers; ++i) {
    slots_.push_back({system_.spawn<worker, caf::detached>(shared_from_this(), i, cost_), 0});
  }
}

bool worker_slots::submit(hash_job_ptr job) {
  const std::lock_guard lock(mutex_);
  const auto idlest =
      std::min_element(slots_.begin(), slots_.end(),
                       [](const slot& a, const slot& b) { return a.waiting < b.waiting; });
  if (stopped_ || idlest == slots_.end() || idlest->waiting * slots_.size() >= queue_max_) {
    return false;
  }
  ++idlest->waiting;
  caf::anon_send(idlest->handle, std::move(job));
  return true;
}

void worker_slots::finished(std::size_t index) noexcept {
  const std::lock_guard lock(mutex_);
  if (index < slots_.size() && slots_[index].waiting > 0) {
    --slots_[index].waiting;
  }
}

void worker_slots::replace(std::size_t index) {
  const std::lock_guard lock(mutex_);
  if (stopped_ || index >= slots_.size()) {
    return;
  }
  // What waited in the dead one's mailbox is lost; its askers' time-outs answer for it.
  slots_[index] = {system_.spawn<worker, caf::detached>(shared_from_this(), index, cost_), 0};
}

void worker_slots::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  for (const auto& s : slots_) {
    caf::anon_send_exit(s.handle, caf::exit_reason::user_shutdown);
  }
  slots_.clear();
}

}  // namespace greenroom::actors

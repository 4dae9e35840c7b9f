// SPDX-License-Identifier: MIT
#include "actors/worker_pool.hpp"

#include <algorithm>

#include "actors/worker.hpp"

namespace greenroom::actors {

namespace {

/// Before one of the others has its turn.
constexpr unsigned log_ins_in_a_row_max = 3;

}  // namespace

worker_pool::worker_pool(caf::actor_system& system, std::size_t workers, std::size_t queue_max,
                         const security::password_cost& cost)
    : slots_(std::make_shared<worker_slots>(system, queue_max, cost)) {
  slots_->fill(workers);
}

void worker_slots::fill(std::size_t workers) {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < workers; ++i) {
    slots_.push_back({system_.spawn<worker, caf::detached>(shared_from_this(), i, cost_)});
  }
}

bool worker_slots::submit(hash_job_ptr job) {
  const std::lock_guard lock(mutex_);
  const bool is_log_in = job->kind == hash_job::what::verify;
  if (stopped_ || slots_.empty() || log_ins_.size() + others_.size() >= queue_max_ ||
      (!is_log_in && others_.size() >= queue_max_ / 2)) {
    return false;
  }
  (is_log_in ? log_ins_ : others_).push_back(std::move(job));
  const auto idle = std::ranges::find(slots_, false, &slot::busy);
  if (idle != slots_.end()) {
    give_next(*idle);
  }
  return true;
}

void worker_slots::give_next(slot& to) {
  const bool others_turn =
      !others_.empty() && (log_ins_.empty() || log_ins_in_a_row_ >= log_ins_in_a_row_max);
  auto& from = others_turn ? others_ : log_ins_;
  to.busy = !from.empty();
  if (from.empty()) {
    return;
  }
  log_ins_in_a_row_ = others_turn ? 0 : log_ins_in_a_row_ + 1;
  caf::anon_send(to.handle, std::move(from.front()));
  from.pop_front();
}

void worker_slots::finished(std::size_t index) {
  const std::lock_guard lock(mutex_);
  if (index < slots_.size()) {
    give_next(slots_[index]);
  }
}

void worker_slots::replace(std::size_t index) {
  const std::lock_guard lock(mutex_);
  if (stopped_ || index >= slots_.size()) {
    return;
  }
  // What the dead one had in hand is lost; its asker's time-out answers for it.
  slots_[index] = {system_.spawn<worker, caf::detached>(shared_from_this(), index, cost_)};
  give_next(slots_[index]);
}

worker_slots::load worker_slots::look() const {
  const std::lock_guard lock(mutex_);
  const auto busy = std::ranges::count(slots_, true, &slot::busy);
  return {static_cast<std::size_t>(busy), log_ins_.size(), others_.size()};
}

void worker_slots::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  for (const auto& s : slots_) {
    caf::anon_send_exit(s.handle, caf::exit_reason::user_shutdown);
  }
  slots_.clear();
  log_ins_.clear();
  others_.clear();
}

}  // namespace greenroom::actors

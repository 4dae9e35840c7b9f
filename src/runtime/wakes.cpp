// SPDX-License-Identifier: MIT
#include "runtime/wakes.hpp"

#include <utility>

namespace greenroom::runtime {

namespace {

using clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds overdue_after{1};

/// Of this thread, if it gathers.
thread_local gathering_wakes* gathering = nullptr;

}  // namespace

void wake(const std::shared_ptr<sleeper>& who) {
  if (gathering == nullptr || !gathering->add(who)) who->wake();
}

void wake_gathered() noexcept {
  if (gathering != nullptr) gathering->wake_all();
}

bool is_overdue(clock::time_point since) noexcept {
  return clock::now() - since > overdue_after;
}

gathering_wakes::gathering_wakes() noexcept : outer_(gathering == nullptr) {
  if (outer_) gathering = this;
}

gathering_wakes::~gathering_wakes() {
  if (!outer_) return;
  gathering = nullptr;
  wake_all();
}

bool gathering_wakes::add(const std::shared_ptr<sleeper>& who) {
  for (std::size_t i = 0; i < count_; ++i) {
    if (sleepers_[i] == who) return true;
  }
  if (count_ == most) return false;
  if (count_ == 0) since_ = clock::now();
  sleepers_[count_++] = who;
  return true;
}

void gathering_wakes::wake_if_due(clock::time_point now) noexcept {
  if (count_ > 0 && now - since_ >= wakes_gathered_for) wake_all();
}

void gathering_wakes::wake_all() noexcept {
  // One who is woken may, on this thread, have others woken.
  while (count_ > 0) {
    const auto who = std::move(sleepers_[--count_]);
    who->wake();
  }
}

}  // namespace greenroom::runtime

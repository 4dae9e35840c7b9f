// SPDX-License-Identifier: MIT
/// From the first wish to the turn that does it (wishes.cpp). Usually that is at once. But a turn
/// that writes to a thousand sockets takes milliseconds, in which its thread reads nothing, and on
/// few cores the actors decide little: if the next one began with the first wish, it would carry a
/// message or two, as would the one after it, while the price of a write hardly depends on how much
/// it carries. So after such a turn what has arrived is read first, and what is on its way gets a
/// fraction of that turn's time to come along (turn_pace.hpp).
#include "net/hub.hpp"

namespace greenroom::net {

/// With the lock.
void io_thread::note(const wish& w) noexcept {
  load_.answers += w.kind == wish::what::answer ? 1 : 0;
  load_.events += w.receivers ? 1 : 0;
  load_.writes += w.receivers ? w.receivers->size() : 1;
}

void io_thread::wish_for(wish w) {
  bool call = false;
  {
    const std::lock_guard lock(wishes_mutex_);
    const bool first = wishes_.empty();
    wishes_.push_back(std::move(w));
    note(wishes_.back());
    call = calls_turn(first);
  }
  if (call) runtime::wake(bell_);
}

void io_thread::wish_for(std::vector<wish> all) {
  if (all.empty()) return;
  bool call = false;
  {
    const std::lock_guard lock(wishes_mutex_);
    const bool first = wishes_.empty();
    // All of them or, without memory, none.
    if (const auto size = wishes_.size() + all.size(); size > wishes_.capacity()) {
      wishes_.reserve(std::max(size, 2 * wishes_.capacity()));
    }
    for (auto& w : all) {
      note(w);
      wishes_.push_back(std::move(w));
    }
    call = calls_turn(first);
  }
  if (call) runtime::wake(bell_);
}

/// Whether it is for this wish to call for a turn: it is the first, or who had the first gathers
/// wakes and is late. With the lock.
bool io_thread::calls_turn(bool first) {
  if (first) {
    rung_ = false;
  } else if (rung_ || !runtime::is_overdue(called_at_)) {
    return false;
  }
  called_at_ = steady::now();
  return true;
}

void io_thread::bell::wake() noexcept {
  const std::lock_guard lock(mutex_);
  if (of_ != nullptr) of_->expect_turn();
}

void io_thread::bell::silence() {
  const std::lock_guard lock(mutex_);
  of_ = nullptr;
}

/// The wishes are there already, and whoever comes next counts on this call.
void io_thread::expect_turn() noexcept {
  {
    const std::lock_guard lock(wishes_mutex_);
    rung_ = true;
  }
  try {
    asio::post(context_, [this] { begin_turn(); });
  } catch (...) {  // NOLINT(bugprone-empty-catch): no memory; they wait for the next tick
  }
}

/// Now or later: as long as there are wishes, a call of it is posted or waits for its time.
void io_thread::begin_turn() {
  turn_load load;
  {
    const std::lock_guard lock(wishes_mutex_);
    if (wishes_.empty()) return;  // the tick was faster
    load = load_;
  }
  const auto now = steady::now();
  try {
    if (const auto rest = pace_.wait(now, load, under_way_); rest > steady::duration::zero()) {
      return hold_turn(rest);
    }
    // Behind what the reactor finds meanwhile.
    if (pace_.is_busy(now) && read_first_.once_more(requests_)) {
      return asio::post(context_, [this] { begin_turn(); });
    }
  } catch (const std::exception& e) {
    complain("a turn of the sockets begins early", e.what());
  }
  run_wishes();
}

void io_thread::hold_turn(steady::duration how_long) {
  turn_timer_.expires_after(how_long);
  turn_timer_.async_wait([this](error_code ec) {
    if (!ec) begin_turn();
  });
}

}  // namespace greenroom::net

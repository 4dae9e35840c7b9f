// SPDX-License-Identifier: MIT
#include "actors/message_trace.hpp"

#include <algorithm>

namespace greenroom::actors {

namespace {

/// Nodes begin at different moments, so each keeps more than are wanted: then those that one of
/// them takes for the first are known to the others.
constexpr std::size_t spare = 4;

std::int64_t wall_us() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace

std::string_view to_string(hop h) noexcept {
  switch (h) {
    case hop::socket:
      return "socket";
    case hop::session:
      return "session";
    case hop::room:
      return "room";
    case hop::append:
      return "append";
    case hop::stored:
      return "stored";
    case hop::commit:
      return "commit";
    case hop::answer:
      return "answer";
    case hop::relay:
      return "relay";
    case hop::out:
      break;
  }
  return "out";
}

message_trace& message_trace::instance() {
  static auto* const only = new message_trace(somebody_traces);
  return *only;
}

bool message_trace::fits(const trace& t, const traced_hop& h, const key& which) {
  const auto is = [](const std::optional<uuid>& wanted, const uuid& known) {
    return !wanted || *wanted == known;
  };
  if (!is(t.wish.message, h.message) || !is(t.wish.room, h.room) || !is(t.wish.user, h.user) ||
      (t.wish.of_rooms && !t.wish.of_rooms(h.room))) {
    return false;
  }
  const auto from = t.wish.connection.value_or(0);
  return from == 0 || t.known.contains(which) || (h.at == hop::socket && h.connection == from);
}

void message_trace::note(traced_hop h, clock::time_point now, clock::duration ago) {
  h.time_us = wall_us() - std::chrono::duration_cast<std::chrono::microseconds>(ago).count();
  const std::lock_guard lock(mutex_);
  tidy(now);
  for (auto& [name, t] : traces_) {
    const key which{h.user, h.message};
    if (now >= t.ends || !fits(t, h, which)) {
      continue;
    }
    const auto messages = t.wish.connection == 0U ? messages_max : t.wish.messages;
    if (!t.known.contains(which) && t.known.size() >= messages * spare) {
      continue;
    }
    t.known.insert(which);
    if (t.hops.size() >= hops_max) {
      ++t.dropped;
    } else {
      t.hops.push_back(h);
    }
  }
}

std::optional<message_trace::page> message_trace::read(const std::string& console,
                                                       const trace_wish& wish,
                                                       clock::time_point now) {
  const std::lock_guard lock(mutex_);
  tidy(now);
  auto it = traces_.find(console);
  const bool begins = it == traces_.end();
  if (begins) {
    if (traces_.size() >= traces_max) {
      return std::nullopt;
    }
    trace t;
    t.wish = wish;
    t.wish.messages = std::clamp<std::size_t>(wish.messages, 1, messages_max);
    t.ends = now + std::clamp(wish.time, std::chrono::seconds(1), time_max);
    it = traces_.emplace(console, std::move(t)).first;
    on_.store(true, std::memory_order_relaxed);
  }
  auto& t = it->second;
  t.leased = now + lease;
  return page{std::exchange(t.hops, {}), std::exchange(t.dropped, 0), begins};
}

void message_trace::end(const std::string& console, clock::time_point now) {
  const std::lock_guard lock(mutex_);
  traces_.erase(console);
  tidy(now);
}

/// Forgets consoles that have gone, and stops asking for hops when nobody waits for any.
void message_trace::tidy(clock::time_point now) {
  std::erase_if(traces_, [&](const auto& entry) { return now >= entry.second.leased; });
  on_.store(std::any_of(traces_.begin(), traces_.end(),
                        [&](const auto& entry) { return now < entry.second.ends; }),
            std::memory_order_relaxed);
}

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "load/generator.hpp"
#include "load/payload.hpp"

namespace greenroom::load {

namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::uint64_t longest_poll_ns = 50'000'000;
constexpr std::uint64_t drain_ns_max = 2 * second_ns;

}  // namespace

void generator::send_message(connection& c, std::uint64_t stamp_ns) {
  put_hex(&payload_[2], stamp_ns, 16);
  put_hex(&payload_[18], c.id, 8);
  const auto what = mixed_ ? next_action() : action::send;
  with_output_.push_back(c.id);
  if (mixed_) {
    if (!driver_->act(c, what, stamp_ns, payload_)) give_up(options_.proto + " has no mixed load");
    ++asked_count_;
    if (what != action::send) return;
  } else {
    driver_->publish(c, payload_);
  }
  ++c.published;
  ++published_count_;
  if (ingest_) {
    c.unacknowledged_ns.push_back(stamp_ns);
  } else {
    ++rooms_[c.room].published;
  }
}

/// What people do in a working day, seen from a server: of a hundred requests.
action generator::next_action() {
  constexpr std::array<std::pair<action, unsigned>, action_names.size()> upper{
      {{action::typing, 35},
       {action::read, 60},
       {action::send, 80},
       {action::history, 90},
       {action::presence, 97},
       {action::rooms, 100}}};
  const auto thrown = std::uniform_int_distribution<unsigned>(0, 99)(dice_);
  for (const auto& [what, below] : upper) {
    if (thrown < below) return what;
  }
  return action::send;
}

void generator::answered(connection& c, action what, std::uint64_t due_ns, bool good,
                         std::string_view detail) {
  ++answered_count_;
  if (!good) {
    ++refused_count_;
    note("refused", detail);
    if (what == action::send) {  // nobody gets it
      auto& r = rooms_[c.room];
      r.delivered += copies_;
    }
    return;
  }
  if (!measuring_) return;
  const auto index = static_cast<std::size_t>(what);
  const auto took_ns = read_at_ns_ > due_ns ? read_at_ns_ - due_ns : 0;
  ++action_count_[index];
  action_latency_[index].add(took_ns);
  answer_latency_.add(took_ns);
}

/// Closed loop: a message is outstanding until everybody has it.
void generator::pump(room& r) {
  const auto window = static_cast<std::uint64_t>(options_.window) * r.senders.size();
  while (r.published * copies_ <= r.delivered + (window - 1) * copies_) {
    auto& c = connections_[r.senders[r.turn++ % r.senders.size()]];
    if (!c.is_open()) break;
    send_message(c, now_ns());
  }
}

void generator::delivered(connection& c, const char* payload) {
  if (!is_payload(payload) || sent_ns_of(payload) < born_ns_) {
    ++foreign_count_;
    return;
  }
  if (ingest_) {  // the own message coming back is its acknowledgement
    if (running_ && sender_of(payload) == c.id) acknowledged(c, true, {});
    return;
  }
  if (measuring_) {
    const auto sent_ns = sent_ns_of(payload);
    ++delivered_count_;
    latency_.add(read_at_ns_ > sent_ns ? read_at_ns_ - sent_ns : 0);
  }
  auto& r = rooms_[c.room];
  ++r.delivered;
  if (running_ && options_.rate == 0) pump(r);
}

void generator::acknowledged(connection& c, bool good, std::string_view detail) {
  if (!good) {
    ++refused_count_;
    note("refused", detail);
    if (!ingest_) write_off(rooms_[c.room], copies_);
  }
  if (!ingest_ || c.unacknowledged_ns.empty()) return;
  const auto sent_ns = c.unacknowledged_ns.front();
  c.unacknowledged_ns.pop_front();
  if (good && measuring_) {
    ++acknowledged_count_;
    latency_.add(read_at_ns_ - sent_ns);
  }
  if (running_ && options_.rate == 0 && c.is_open()) send_message(c, now_ns());
}

/// Gives up waiting for at most so many copies, so that a closed loop goes on without them.
void generator::write_off(room& r, std::uint64_t copies_max) {
  const auto sent = r.published * copies_;
  const auto gone = std::min(copies_max, sent > r.delivered ? sent - r.delivered : 0);
  lost_count_ += gone;
  r.delivered += gone;
  if (gone > 0 && running_ && options_.rate == 0) pump(r);
}

void generator::write_off_stalled() {
  for (auto& r : rooms_) {
    if (r.delivered == r.delivered_before) {
      write_off(r, std::numeric_limits<std::uint64_t>::max());
    }
    r.delivered_before = r.delivered;
  }
}

std::uint64_t generator::missing() const {
  std::uint64_t result = 0;
  for (const auto& r : rooms_) {
    const auto sent = r.published * copies_;
    result += sent > r.delivered ? sent - r.delivered : 0;
  }
  return result;
}

// -- the measured time ---------------------------------------------------------------------------

void generator::send_first() {
  if (ingest_ && options_.rate == 0) {
    for (auto& c : connections_) {
      for (int i = 0; i < options_.window; ++i)
        send_message(c, now_ns());
    }
  } else if (options_.rate == 0) {
    for (auto& r : rooms_)
      pump(r);
  }
}

std::uint64_t generator::send_due(std::uint64_t start_ns, std::uint64_t now) {
  const auto due_ns = [&] {
    return start_ns +
           static_cast<std::uint64_t>(static_cast<double>(due_count_) * 1e9 / options_.rate);
  };
  for (; due_ns() <= now; ++due_count_) {  // stamped with the time it was due: stalls show
    auto& c = connections_[senders_[due_count_ % senders_.size()]];
    if (measuring_) late_.add(now - due_ns());
    if (c.is_open()) send_message(c, due_ns());
  }
  return due_ns();
}

void generator::measure() {
  running_ = true;
  const auto start_ns = now_ns();
  const auto warm_ns = start_ns + static_cast<std::uint64_t>(options_.warm * 1e9);
  const auto end_ns = warm_ns + static_cast<std::uint64_t>(options_.secs * 1e9);
  auto stall_check_ns = start_ns + second_ns;
  std::uint64_t published_before = 0;
  send_first();
  for (auto now = now_ns(); now < end_ns; now = now_ns()) {
    if (!measuring_ && now >= warm_ns) {
      measuring_ = true;
      begin_ = look();
      published_before = published_count_;
    }
    auto wake_ns = measuring_ ? end_ns : warm_ns;
    if (options_.rate > 0) {
      wake_ns = std::min(wake_ns, send_due(start_ns, now));
    } else if (!ingest_ && now > stall_check_ns) {
      write_off_stalled();
      stall_check_ns = now + second_ns;
    }
    now = now_ns();
    poll(wake_ns > now ? std::min(wake_ns - now, longest_poll_ns) : 0);
  }
  end_ = look();
  published_measured_ = published_count_ - published_before;
  measuring_ = running_ = false;
  drain();
}

/// Waits for what is still on its way; what has not come by then is lost.
void generator::drain() {
  const auto unanswered = [this] {
    std::uint64_t count = asked_count_ - answered_count_;
    for (const auto& c : connections_)
      count += c.unacknowledged_ns.size();
    return count;
  };
  const auto until_ns = now_ns() + drain_ns_max;
  while (missing() + unanswered() > 0 && now_ns() < until_ns)
    poll(longest_poll_ns);
  lost_count_ += missing() + unanswered();
}

}  // namespace greenroom::load

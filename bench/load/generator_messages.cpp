// SPDX-License-Identifier: MIT
#include <algorithm>
#include <limits>

#include "load/generator.hpp"
#include "load/payload.hpp"

namespace bench {

namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::uint64_t longest_poll_ns = 50'000'000;
constexpr std::uint64_t drain_ns_max = 2 * second_ns;

}  // namespace

void generator::send_message(connection& c, std::uint64_t stamp_ns) {
  put_hex(&payload_[2], stamp_ns, 16);
  put_hex(&payload_[18], c.id, 8);
  ++c.published;
  driver_->publish(c, payload_);
  with_output_.push_back(c.id);
  ++published_count_;
  if (ingest_) {
    c.unacknowledged_ns.push_back(stamp_ns);
  } else {
    ++rooms_[c.room].published;
  }
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
  if (running_ && c.is_open()) send_message(c, now_ns());
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
  if (ingest_) {
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
    if (!ingest_ && options_.rate > 0) {
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
  const auto drained_ns = now_ns() + drain_ns_max;
  while (!ingest_ && missing() > 0 && now_ns() < drained_ns)
    poll(longest_poll_ns);
  if (!ingest_) lost_count_ += missing();
}

}  // namespace bench

// SPDX-License-Identifier: MIT
#include "client/request_queue.hpp"

#include <algorithm>
#include <utility>

#include "protocol/time.hpp"

namespace greenroom::client {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds pause_first = 200ms;
constexpr std::chrono::milliseconds pause_max = 5000ms;

/// What the node asks for, and never less than a pause that grows with every refusal.
std::chrono::milliseconds pause_after(const error& why, unsigned refusals) {
  const auto grown = std::min(pause_max, pause_first * (1 << std::min(refusals, 8U)));
  return std::max(grown, std::chrono::milliseconds(why.details.retry_after_ms.value_or(0)));
}

}  // namespace

request_queue::finished request_queue::finish(entry& e, const error& why) {
  return {std::move(e.done), {e.id, now_ms(), why, false}};
}

void request_queue::add(const uuid& id, document text, answer_handler done, clock::time_point now,
                        std::optional<clock::time_point> offline_since) {
  entry e;
  e.id = id;
  e.text = std::move(text);
  e.done = std::move(done);
  if (offline_since) {
    e.trouble_since = std::max(*offline_since, now - rules_.give_up + rules_.give_up_late);
  }
  entries_.push_back(std::move(e));
}

std::vector<request_queue::document> request_queue::due(clock::time_point now) {
  std::vector<document> out;
  const auto send = [&](entry& e) {
    if (!e.sent && e.not_before <= now) {
      e.sent = true;
      out.push_back(e.text);
    }
  };
  const auto suspect =
      std::find_if(entries_.begin(), entries_.end(), [](const entry& e) { return e.suspect; });
  if (suspect != entries_.end()) {
    send(*suspect);  // alone, so that the next close tells whether it was this one
    return out;
  }
  for (auto& e : entries_) {
    send(e);
  }
  return out;
}

std::optional<request_queue::finished> request_queue::take(const protocol::answer_envelope& a,
                                                           clock::time_point now) {
  const auto it = std::find_if(entries_.begin(), entries_.end(),
                               [&](const entry& e) { return a.correlation_id == e.id; });
  if (it == entries_.end()) {
    return std::nullopt;
  }
  if (const auto* why = std::get_if<error>(&a.data)) {
    const bool passes = why->code == ec::unavailable;
    const bool waits = why->code == ec::rate_limit && rules_.waits_on_rate_limit;
    if (passes || waits) {
      const auto pause = pause_after(*why, it->refusals);
      if (passes && !it->trouble_since) {
        it->trouble_since = now;
      }
      if (waits || now + pause < *it->trouble_since + rules_.give_up) {
        ++it->refusals;
        it->sent = it->suspect = false;
        it->not_before = now + pause;
        it->last = *why;
        return std::nullopt;
      }
    }
  }
  finished out{std::move(it->done), a};
  entries_.erase(it);
  return out;
}

std::vector<request_queue::finished> request_queue::connection_lost(
    clock::time_point now, const std::optional<error>& blame) {
  std::vector<finished> out;
  const auto under_way =
      std::count_if(entries_.begin(), entries_.end(), [](const entry& e) { return e.sent; });
  for (auto it = entries_.begin(); it != entries_.end();) {
    if (it->sent && blame && under_way == 1) {
      out.push_back(finish(*it, *blame));
      it = entries_.erase(it);
      continue;
    }
    if (it->sent && blame) {
      it->suspect = true;
    }
    if (!it->trouble_since) {
      it->trouble_since = now;
    }
    it->sent = false;
    ++it;
  }
  return out;
}

std::vector<request_queue::finished> request_queue::expire(clock::time_point now) {
  std::vector<finished> out;
  for (auto it = entries_.begin(); it != entries_.end();) {
    // One that waits for its budget has no trouble with the cluster.
    const bool patient = it->not_before > now && it->last.code == ec::rate_limit;
    if (!it->sent && !patient && it->trouble_since && now >= *it->trouble_since + rules_.give_up) {
      out.push_back(finish(*it, it->last));
      it = entries_.erase(it);
    } else {
      ++it;
    }
  }
  return out;
}

std::vector<request_queue::finished> request_queue::give_up_all(const error& why) {
  std::vector<finished> out;
  for (auto& e : std::exchange(entries_, {})) {
    out.push_back(finish(e, why));
  }
  return out;
}

std::optional<request_queue::clock::time_point> request_queue::next_time() const {
  std::optional<clock::time_point> out;
  const auto earlier = [&](clock::time_point t) { out = out ? std::min(*out, t) : t; };
  for (const auto& e : entries_) {
    if (e.sent) continue;
    if (e.not_before != clock::time_point{}) earlier(e.not_before);
    if (e.trouble_since) earlier(*e.trouble_since + rules_.give_up);
  }
  return out;
}

}  // namespace greenroom::client

// SPDX-License-Identifier: MIT
#include "raft/state_sender.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "raft/wire.hpp"

namespace greenroom::raft {

namespace {

/// A receiver that has not asked for this long makes room for another.
constexpr steady_ms quiet_ms = 3000;

}  // namespace

state_sender::state_sender(const transfer_options& options, std::uint64_t seed, opener open,
                           sending send)
    : options_(options), open_(std::move(open)), send_(std::move(send)), last_id_(seed) {}

void state_sender::take(server_id from, const piece_request& r, steady_ms now) {
  auto why = piece_refusal::reason::gone;
  auto* s = find_or_open(from, r, now, why);
  if (s == nullptr) {
    send_(from, piece_refusal{r.nonce, r.stream, why});
    return;
  }
  s->used = now;
  if (r.position != s->position) {
    s->position = r.position;
    s->advanced = now;
  }
  s->waiting.reset();
  if (const auto wait = wait_ms(); wait > 0) {
    s->waiting = r;
    s->answer_at = now + wait;
    return;
  }
  answer(from, *s, r);
}

steady_ms state_sender::wait_ms() const {
  return options_.budget ? options_.budget->wait_ms(transfer_budget::direction::send) : 0;
}

void state_sender::answer(server_id from, stream& s, const piece_request& r) {
  // Of what the receiver's budget allows and what this one does, the less.
  std::size_t bytes = std::min<std::size_t>(r.piece_bytes, wire_limits::piece_bytes_max);
  if (options_.budget) {
    bytes = std::min<std::size_t>(
        bytes, options_.budget->piece_bytes(options_.piece_bytes, options_.credits));
  }
  auto position = r.position;
  for (unsigned n = std::min(r.credits, options_.credits); n > 0; --n) {
    auto piece = s.state.stream->read(position, bytes);
    if (!piece) {
      send_(from, piece_refusal{r.nonce, r.stream, piece_refusal::reason::gone});
      return;
    }
    const bool last = piece->last;
    if (options_.budget) {
      options_.budget->charge(transfer_budget::direction::send, piece->data.size());
    }
    send_(from, piece_message{r.nonce, s.id, position, piece->next, last, s.state.as_of,
                              std::move(piece->data)});
    if (last) {
      s.lease.reset();
      return;
    }
    position = std::move(piece->next);
  }
}

state_sender::stream* state_sender::find_or_open(server_id from, const piece_request& r,
                                                 steady_ms now, piece_refusal::reason& why) {
  const auto known = streams_.find(from);
  if (known != streams_.end() && known->second.nonce == r.nonce) {
    auto& s = known->second;
    // A late first request may have opened another moment under the same nonce.
    return r.stream == s.id || (r.stream == 0 && r.position.empty()) ? &s : nullptr;
  }
  if (r.stream != 0 || !r.position.empty()) return nullptr;
  // Who makes room: the same receiver's former attempt, which is over, or whoever is quiet. Not
  // before it is certain that there will be another.
  auto over = known;
  if (known == streams_.end() && streams_.size() >= options_.streams) {
    over = std::ranges::min_element(streams_, {}, [](const auto& one) {
      return std::pair(one.second.waiting.has_value(), one.second.used);
    });
    if (over == streams_.end() || over->second.waiting || now < over->second.used + quiet_ms) {
      why = piece_refusal::reason::busy;
      return nullptr;
    }
  }
  std::optional<transfer_budget::lease> lease;
  if (options_.budget && (over == streams_.end() || !over->second.lease)) {
    lease = options_.budget->begin(transfer_budget::direction::send);
    if (!lease) {
      why = piece_refusal::reason::busy;
      return nullptr;
    }
  }
  auto opened = open_();
  if (!opened || opened->as_of.index < r.min_index) {
    why = piece_refusal::reason::behind;
    return nullptr;
  }
  if (over != streams_.end()) {
    if (over->second.lease) lease = std::move(over->second.lease);
    streams_.erase(over);
  }
  last_id_ = next_name(last_id_, now);
  auto& s = streams_[from];
  s = {r.nonce, last_id_, std::move(*opened), now, now, {}, std::move(lease)};
  return &s;
}

void state_sender::on_time(steady_ms now) {
  std::erase_if(streams_, [&](const auto& one) { return now >= ends_at(one.second); });
  for (auto& [to, s] : streams_) {
    if (!s.waiting || now < s.answer_at) continue;
    if (const auto wait = wait_ms(); wait > 0) {
      s.answer_at = now + wait;
      continue;
    }
    const auto asked = std::exchange(s.waiting, {});
    s.used = now;
    answer(to, s, *asked);
  }
}

/// While its receiver has to wait here, nothing else can be expected of him.
steady_ms state_sender::ends_at(const stream& s) const {
  const auto aged = s.advanced + options_.age_ms;
  return s.waiting ? aged : std::min(aged, s.used + options_.idle_ms);
}

steady_ms state_sender::next_time() const {
  auto next = std::numeric_limits<steady_ms>::max();
  for (const auto& [to, s] : streams_) {
    next = std::min(next, ends_at(s));
    if (s.waiting) next = std::min(next, s.answer_at);
  }
  return next;
}

std::optional<std::uint64_t> state_sender::oldest_index() const {
  std::optional<std::uint64_t> oldest;
  for (const auto& [to, s] : streams_) {
    if (!oldest || s.state.as_of.index < *oldest) oldest = s.state.as_of.index;
  }
  return oldest;
}

}  // namespace greenroom::raft

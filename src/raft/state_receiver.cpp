// SPDX-License-Identifier: MIT
#include "raft/state_receiver.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "raft/wire.hpp"

namespace greenroom::raft {

state_receiver::state_receiver(const transfer_options& options, std::uint64_t seed, opener open,
                               sending send)
    : options_(options), open_(std::move(open)), send_(std::move(send)), nonce_(seed) {}

void state_receiver::wanted(server_id from, std::uint64_t have, steady_ms now) {
  have_ = have;
  if (complete_ || now < not_before_) return;
  // Another leader asks: what runs goes on as long as it does.
  if (active() && (source_ == from || now < heard_ + options_.retry_ms)) return;
  begin(from, now);
}

void state_receiver::begin(server_id from, steady_ms now) {
  drop(now);
  if (options_.budget) {
    // Too many are fetched already: the leader will say again that this one is needed.
    lease_ = options_.budget->begin(transfer_budget::direction::fetch);
    if (!lease_) return;
  }
  intake_ = open_();
  if (!intake_) return lease_.reset();
  source_ = from;
  nonce_ = next_name(nonce_, now);
  begun_ = heard_ = now;
  request(now);
}

void state_receiver::drop(steady_ms now) {
  source_ = 0;
  intake_.reset();
  lease_.reset();
  stream_ = 0;
  position_.clear();
  as_of_.reset();
  early_.clear();
  complete_ = false;
  bytes_ = 0;
  retries_ = 0;
  not_before_ = now + options_.retry_ms / 2;
}

void state_receiver::request(steady_ms now) {
  credits_ = options_.credits;
  early_.clear();
  request_at_ = now + options_.retry_ms;
  const auto bytes = options_.budget
                         ? options_.budget->piece_bytes(options_.piece_bytes, options_.credits)
                         : options_.piece_bytes;
  send_(source_, piece_request{nonce_, stream_, have_ + 1, position_, options_.credits, bytes});
}

void state_receiver::take(server_id from, const piece_message& m, steady_ms now) {
  if (from != source_ || m.nonce != nonce_ || complete_) return;
  if (stream_ != 0 && m.stream != stream_) return;
  if (m.position != position_) {
    // One that has overtaken others; or one that came twice, which does no harm here.
    if (stream_ != 0 && early_.size() < options_.credits) early_.emplace(m.position, m);
    return;
  }
  if (stream_ == 0 && !m.position.empty()) return;
  for (auto more = accept(m, now); more;) {
    const auto next = early_.extract(position_);
    more = !next.empty() && accept(next.mapped(), now);
  }
  if (!active()) return;
  if (complete_ || credits_ > 0) {
    request_at_ = now + options_.retry_ms;
    return;
  }
  auto due =
      options_.bytes_per_second == 0 ? begun_ : begun_ + bytes_ * 1000 / options_.bytes_per_second;
  if (options_.budget) {
    due = std::max(due, now + options_.budget->wait_ms(transfer_budget::direction::fetch));
  }
  if (due <= now) return request(now);
  request_at_ = due;
}

/// The piece at the position. False: nothing more is wanted.
bool state_receiver::accept(const piece_message& m, steady_ms now) {
  const bool same = !as_of_ || (as_of_->index == m.as_of.index && as_of_->term == m.as_of.term);
  if (!same || !intake_->add(m.data)) {
    drop(now);
    return false;
  }
  stream_ = m.stream;
  as_of_ = m.as_of;
  position_ = m.next;
  complete_ = m.last;
  bytes_ += m.data.size();
  if (options_.budget) {
    options_.budget->charge(transfer_budget::direction::fetch, m.data.size());
  }
  if (complete_) lease_.reset();
  heard_ = now;
  retries_ = 0;
  if (credits_ > 0) --credits_;
  return !complete_;
}

void state_receiver::take(server_id from, const piece_refusal& m, steady_ms now) {
  if (from == source_ && m.nonce == nonce_ && !complete_) drop(now);
}

void state_receiver::on_time(steady_ms now) {
  if (!active() || complete_ || now < request_at_) return;
  // Not asked for yet, or not answered.
  if (credits_ > 0 && ++retries_ > options_.retries) return drop(now);
  request(now);
}

steady_ms state_receiver::next_time() const {
  return active() && !complete_ ? request_at_ : std::numeric_limits<steady_ms>::max();
}

}  // namespace greenroom::raft

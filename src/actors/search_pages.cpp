// SPDX-License-Identifier: MIT
#include "actors/search_pages.hpp"

#include <algorithm>

namespace greenroom::actors {

namespace {

search_cursor place_of(const protocol::search_hit& h) {
  return {{h.message.created_at}, h.message.id};
}

}  // namespace

void gathered_hits::add(const protocol::search_response& found) {
  hits_.insert(hits_.end(), found.hits.begin(), found.hits.end());
  if (!found.next_cursor) {
    return;
  }
  auto stopped = search_cursor::from(*found.next_cursor);
  if (!stopped && !found.hits.empty()) {
    stopped = place_of(found.hits.back());  // of a node that says no more than that there is more
  }
  if (stopped && (!more_ || *stopped > *more_)) {
    more_ = stopped;
  }
}

protocol::search_response gathered_hits::page() {
  std::sort(hits_.begin(), hits_.end(),
            [](const auto& a, const auto& b) { return place_of(a) > place_of(b); });
  if (more_) {
    std::erase_if(hits_, [&](const auto& h) { return place_of(h) < *more_; });
  }
  protocol::search_response out;
  if (hits_.size() > limit_) {
    hits_.resize(limit_);
    more_ = place_of(hits_.back());
  }
  if (more_) {
    out.next_cursor = more_->text();
  }
  out.hits = std::move(hits_);
  return out;
}

}  // namespace greenroom::actors

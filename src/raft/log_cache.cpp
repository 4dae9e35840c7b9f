// SPDX-License-Identifier: MIT
#include "raft/log_cache.hpp"

namespace greenroom::raft {

namespace {

std::size_t cost(const store::log_entry& e) {
  return sizeof(store::log_entry) + (e.data ? sizeof(std::string) + e.data->size() : 0);
}

}  // namespace

void log_cache::append(const store::log_entry& e) {
  entries_.push_back(e);
  bytes_ += cost(e);
}

void log_cache::truncate(std::uint64_t from) {
  while (!entries_.empty() && entries_.back().index >= from) {
    bytes_ -= cost(entries_.back());
    entries_.pop_back();
  }
}

void log_cache::clear() {
  std::deque<store::log_entry>().swap(entries_);
  bytes_ = 0;
}

void log_cache::shrink(std::uint64_t keep_from) {
  while (bytes_ > bytes_max_ && !entries_.empty() && entries_.front().index < keep_from) {
    bytes_ -= cost(entries_.front());
    entries_.pop_front();
  }
}

const store::log_entry* log_cache::find(std::uint64_t index) const noexcept {
  if (entries_.empty() || index < entries_.front().index || index > entries_.back().index) {
    return nullptr;
  }
  return &entries_[index - entries_.front().index];
}

}  // namespace greenroom::raft

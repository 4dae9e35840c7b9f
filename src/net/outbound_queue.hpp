// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What waits to be written to one socket, bounded by messages and bytes. Holds no memory while
/// empty, since most of many thousand connections are.

#include <cstddef>
#include <utility>
#include <vector>

#include "net/port.hpp"

namespace greenroom::net {

class outbound_queue {
 public:
  outbound_queue(std::size_t messages_max, std::size_t bytes_max)
      : messages_max_(messages_max), bytes_max_(bytes_max) {}

  /// False when it is full. One frame always fits into an empty queue, however long it is: the
  /// limit is about what a client leaves lying.
  [[nodiscard]] bool push(frame f) {
    if (!empty() && (size() >= messages_max_ || bytes_ + f->size() > bytes_max_)) return false;
    bytes_ += f->size();
    frames_.push_back(std::move(f));
    return true;
  }
  [[nodiscard]] const frame& front() const { return frames_[first_]; }
  void pop() {
    bytes_ -= frames_[first_]->size();
    frames_[first_++].reset();
    if (first_ == frames_.size()) {
      clear();
    } else if (first_ >= 64 && first_ * 2 >= frames_.size()) {
      frames_.erase(frames_.begin(), frames_.begin() + static_cast<std::ptrdiff_t>(first_));
      first_ = 0;
    }
  }
  /// Drops all but the first `kept` frames (0 or 1: the one that is being written).
  void drop_after(std::size_t kept) {
    while (size() > kept) {
      bytes_ -= frames_.back()->size();
      frames_.pop_back();
    }
    if (kept == 0) clear();
  }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return frames_.size() - first_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  void clear() {
    first_ = 0;
    bytes_ = 0;
    if (frames_.capacity() > 16) {
      std::vector<frame>().swap(frames_);
    } else {
      frames_.clear();
    }
  }

  const std::size_t messages_max_;
  const std::size_t bytes_max_;
  std::vector<frame> frames_;
  std::size_t first_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace greenroom::net

// SPDX-License-Identifier: MIT
#include "net/outbound_queue.hpp"

#include <algorithm>
#include <utility>

namespace greenroom::net {

namespace {

constexpr int opcode_mask = 0x0f;
constexpr int opcode_close = 0x08;
/// An empty queue keeps room for so many.
constexpr std::size_t keep_items = 4;

iovec part(const std::string& bytes, std::size_t from, std::size_t to) {
  // The kernel's type has no const; sendmsg does not write.
  return {const_cast<char*>(bytes.data()) + from, to - from};
}

}  // namespace

bool outbound_queue::push(const outgoing& o) {
  if (messages_ > 0 &&
      (messages_ + o.messages > messages_max_ || bytes_ + o.document_bytes > bytes_max_)) {
    return false;
  }
  items_.push_back(o);
  messages_ += o.messages;
  bytes_ += o.document_bytes;
  return true;
}

void outbound_queue::put_control(std::string frame) {
  sealed_ = sealed_ || (!frame.empty() && (frame[0] & opcode_mask) == opcode_close);
  control_ = std::move(frame);
  control_sent_ = 0;
}

void outbound_queue::put_last(std::string frame) {
  put_control(std::move(frame));
  sealed_ = true;
}

std::size_t outbound_queue::end_of_first() const noexcept {
  return end_ != 0 ? end_ : items_[first_].bytes->size();
}

std::size_t outbound_queue::gather(std::span<iovec> parts) const {
  std::size_t count = 0;
  auto next = first_;
  if (in_frame() && count < parts.size()) {
    parts[count++] = part(*items_[first_].bytes, sent_, end_of_first());
    ++next;
  }
  if (!control_.empty() && count < parts.size()) {
    parts[count++] = part(control_, control_sent_, control_.size());
    if (sealed_) return count;
  }
  for (; next < items_.size() && count < parts.size(); ++next) {
    const auto& bytes = *items_[next].bytes;
    parts[count++] =
        next == first_ ? part(bytes, sent_, end_of_first()) : part(bytes, 0, bytes.size());
  }
  return count;
}

outbound_queue::taken outbound_queue::take(std::size_t bytes) {
  taken t;
  while (bytes > 0 && !empty()) {
    if (!control_.empty() && !in_frame()) {
      const auto some = std::min(bytes, control_.size() - control_sent_);
      control_sent_ += some;
      bytes -= some;
      if (control_sent_ < control_.size()) break;
      t.control = true;
      std::string().swap(control_);
      if (sealed_) drop_items();
      continue;
    }
    const auto rest = end_of_first() - sent_;
    if (bytes < rest) {
      sent_ += bytes;
      count_frames(t);
      break;
    }
    bytes -= rest;
    const auto& whole = items_[first_];
    t.messages += whole.messages;
    t.document_bytes += whole.document_bytes;
    pop();
  }
  return t;
}

void outbound_queue::count_frames(taken& t) {
  auto& f = items_[first_];
  for (;;) {
    const auto extent = frame_at(f, frame_start_);
    if (frame_start_ + extent.size() > sent_) return;
    frame_start_ += extent.size();
    --f.messages;
    f.document_bytes -= extent.document;
    --messages_;
    bytes_ -= extent.document;
    ++t.messages;
    t.document_bytes += extent.document;
  }
}

void outbound_queue::pop() {
  messages_ -= items_[first_].messages;
  bytes_ -= items_[first_].document_bytes;
  items_[first_++].bytes.reset();
  sent_ = frame_start_ = end_ = 0;
  constexpr std::size_t many = 64;
  if (first_ == items_.size()) {
    drop_items();
  } else if (first_ >= many && first_ * 2 >= items_.size()) {
    items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

void outbound_queue::drop_unstarted() {
  if (!in_frame()) return drop_items();
  auto& f = items_[first_];
  const auto extent = frame_at(f, frame_start_);
  end_ = frame_start_ + extent.size();
  f.messages = 1;
  f.document_bytes = extent.document;
  items_.resize(first_ + 1);
  messages_ = 1;
  bytes_ = extent.document;
}

void outbound_queue::drop_items() {
  first_ = messages_ = bytes_ = 0;
  sent_ = frame_start_ = end_ = 0;
  if (items_.capacity() > keep_items) {
    std::vector<outgoing>().swap(items_);
  } else {
    items_.clear();
  }
}

void outbound_queue::clear() {
  drop_items();
  std::string().swap(control_);
  control_sent_ = 0;
}

}  // namespace greenroom::net

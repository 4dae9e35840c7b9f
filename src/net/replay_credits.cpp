// SPDX-License-Identifier: MIT
#include "net/replay_credits.hpp"

#include <algorithm>
#include <utility>

namespace greenroom::net {

namespace {

// How long a part is that is not there yet: a message with the longest usual content, up to the end
// of a room's page (actors/room_stream.cpp).
constexpr std::size_t message_bytes = 20 * 1024;
constexpr std::size_t part_bytes_max = 512 * 1024;

std::size_t bytes_of(std::uint32_t messages) {
  return std::min(messages * message_bytes, part_bytes_max);
}

}  // namespace

void replay_credits::ask(std::uint32_t messages, std::function<void()> granted) {
  waiting_.push_back({messages, std::move(granted)});
}

void replay_credits::give_back(std::uint32_t messages) noexcept {
  --parts_;
  messages_ -= messages;
  bytes_ -= bytes_of(messages);
}

void replay_credits::serve(std::size_t queued_messages, std::size_t queued_bytes) {
  while (!waiting_.empty()) {
    const auto messages = waiting_.front().messages;
    const bool alone = parts_ == 0 && queued_messages == 0;
    if (!alone && (queued_messages + messages_ + messages > messages_max_ ||
                   queued_bytes + bytes_ + bytes_of(messages) > bytes_max_)) {
      return;
    }
    const auto granted = std::move(waiting_.front().granted);
    waiting_.pop_front();
    ++parts_;
    messages_ += messages;
    bytes_ += bytes_of(messages);
    granted();
  }
}

}  // namespace greenroom::net

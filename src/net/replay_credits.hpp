// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// How much of replays may wait for one client at a time, from however many rooms: half of what his
/// queue holds, so that what happens meanwhile has its place too. Whoever wants to send a part asks
/// first, is given credit in the order of asking, and gives it back when the part is in the queue.
/// Without that, a replay would be as fast as the log, and a client that takes it more slowly would
/// be cut off in each. There is none of these while nothing is replayed. Pure.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>

namespace greenroom::net {

class replay_credits {
 public:
  /// What the queue holds.
  replay_credits(std::size_t messages_max, std::size_t bytes_max)
      : messages_max_(messages_max / 2), bytes_max_(bytes_max / 2) {}

  /// `granted` is called by serve().
  void ask(std::uint32_t messages, std::function<void()> granted);
  void give_back(std::uint32_t messages) noexcept;
  /// Grants what fits beside this, which is queued. Where nothing is queued or granted, any part
  /// fits, however long it is.
  void serve(std::size_t queued_messages, std::size_t queued_bytes);
  /// Nobody waits, and nothing is granted.
  [[nodiscard]] bool idle() const noexcept { return waiting_.empty() && parts_ == 0; }

 private:
  struct part {
    std::uint32_t messages;
    std::function<void()> granted;
  };

  const std::size_t messages_max_;
  const std::size_t bytes_max_;
  // Granted, and not given back:
  std::size_t parts_ = 0;
  std::size_t messages_ = 0;
  std::size_t bytes_ = 0;
  std::deque<part> waiting_;
};

}  // namespace greenroom::net

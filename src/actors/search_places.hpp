// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// How many look-ups wait for the searcher of a node. They are messages in its mailbox, which has
/// no bound of its own: whoever sends one takes a place first, and the place goes with the message.
/// When all are taken the look-up is refused: UNAVAILABLE, and the asker names the node as late.
/// Thread-safe.

#include <atomic>
#include <cstddef>
#include <memory>

namespace greenroom::actors {

class search_places {
 public:
  static constexpr std::size_t all = 64;

  /// Given back when the last copy of it goes, wherever that is: with an answer, or in the mailbox
  /// of a searcher that has ended. Null: there is none.
  [[nodiscard]] std::shared_ptr<void> take() {
    auto n = taken_->load();
    do {
      if (n >= all) {
        return nullptr;
      }
    } while (!taken_->compare_exchange_weak(n, n + 1));
    return {taken_.get(), [taken = taken_](void*) { taken->fetch_sub(1); }};
  }
  [[nodiscard]] std::size_t taken() const { return taken_->load(); }

 private:
  std::shared_ptr<std::atomic<std::size_t>> taken_ = std::make_shared<std::atomic<std::size_t>>(0);
};

}  // namespace greenroom::actors

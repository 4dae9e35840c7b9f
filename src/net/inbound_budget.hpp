// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What has arrived in part, of all connections together: each may send a large message, but not
/// all at once, or anybody could fill the memory. Thread-safe.

#include <atomic>
#include <cstddef>

namespace greenroom::net {

class inbound_budget {
 public:
  explicit inbound_budget(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  /// The part of one connection; gives it back at its end.
  class share {
   public:
    explicit share(inbound_budget& of) : of_(of) {}
    ~share() { release(); }
    share(const share&) = delete;
    share& operator=(const share&) = delete;

    /// From now on `bytes` in all; false, and nothing changes, when there is no room for more.
    [[nodiscard]] bool hold(std::size_t bytes) {
      if (bytes <= mine_) {
        of_.used_.fetch_sub(mine_ - bytes, std::memory_order_relaxed);
      } else {
        const auto more = bytes - mine_;
        if (of_.used_.fetch_add(more, std::memory_order_relaxed) + more > of_.bytes_max_) {
          of_.used_.fetch_sub(more, std::memory_order_relaxed);
          return false;
        }
      }
      mine_ = bytes;
      return true;
    }
    void release() { (void)hold(0); }

   private:
    inbound_budget& of_;
    std::size_t mine_ = 0;
  };

 private:
  const std::size_t bytes_max_;
  std::atomic<std::size_t> used_{0};
};

}  // namespace greenroom::net

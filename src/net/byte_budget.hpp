// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Memory that clients may hold, of all connections together: what has arrived in part, or is not
/// taken yet. Each may have something large, but not all at once, or anybody could fill the memory;
/// nor may one address, or those whom nobody knows, keep all others out. Thread-safe.

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace greenroom::net {

class byte_budget {
 public:
  struct limits {
    std::size_t all = 0;
    std::size_t of_strangers = 0;    ///< of those who have not shown who they are
    std::size_t of_one_address = 0;  ///< where addresses are told apart
  };
  explicit byte_budget(limits at_most) : at_most_(at_most) {}

  using counter = std::atomic<std::size_t>;
  [[nodiscard]] const limits& at_most() const noexcept { return at_most_; }

  /// The part of one connection; gives it back at its end.
  class share {
   public:
    /// `of_address`: what its address holds; null where addresses are not told apart.
    share(byte_budget& of, std::shared_ptr<counter> of_address)
        : of_(of), of_address_(std::move(of_address)) {}
    ~share() { release(); }
    share(const share&) = delete;
    share& operator=(const share&) = delete;

    /// From now on `bytes` in all; false, and nothing changes, when there is no room for more.
    [[nodiscard]] bool hold(std::size_t bytes) {
      if (bytes <= mine_) {
        give(mine_ - bytes);
      } else if (!take(bytes - mine_)) {
        return false;
      }
      mine_ = bytes;
      return true;
    }
    void release() { (void)hold(0); }
    /// At first it is a stranger's.
    void set_stranger(bool is_one) {
      if (is_one == stranger_) return;
      if (is_one) {
        of_.strangers_.fetch_add(mine_, std::memory_order_relaxed);
      } else {
        of_.strangers_.fetch_sub(mine_, std::memory_order_relaxed);
      }
      stranger_ = is_one;
    }

   private:
    static bool add(counter& to, std::size_t more, std::size_t most) {
      if (to.fetch_add(more, std::memory_order_relaxed) + more <= most) return true;
      to.fetch_sub(more, std::memory_order_relaxed);
      return false;
    }
    bool take(std::size_t more) {
      const auto& most = of_.at_most_;
      if (!add(of_.used_, more, most.all)) return false;
      if (stranger_ && !add(of_.strangers_, more, most.of_strangers)) {
        of_.used_.fetch_sub(more, std::memory_order_relaxed);
        return false;
      }
      if (of_address_ && !add(*of_address_, more, most.of_one_address)) {
        of_.used_.fetch_sub(more, std::memory_order_relaxed);
        if (stranger_) of_.strangers_.fetch_sub(more, std::memory_order_relaxed);
        return false;
      }
      return true;
    }
    void give(std::size_t less) {
      of_.used_.fetch_sub(less, std::memory_order_relaxed);
      if (stranger_) of_.strangers_.fetch_sub(less, std::memory_order_relaxed);
      if (of_address_) of_address_->fetch_sub(less, std::memory_order_relaxed);
    }

    byte_budget& of_;
    const std::shared_ptr<counter> of_address_;
    std::size_t mine_ = 0;
    bool stranger_ = true;
  };

 private:
  const limits at_most_;
  counter used_{0};
  counter strangers_{0};
};

}  // namespace greenroom::net

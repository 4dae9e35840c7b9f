// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Who may send now: the places of attempts under way, bounded for this node, for each room, and
/// for webhooks whose last attempt was slow or in vain. So receivers that one room has chosen never
/// hold up all others, nor do slow ones of many rooms together keep those waiting that are quick.
/// An attempt gives its place back once, when it has ended or has taken too long, whatever became
/// of its webhook meanwhile. Pure: time is given.

#include <chrono>
#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "protocol/uuid.hpp"

namespace greenroom::actors {

class webhook_places {
 public:
  using clock = std::chrono::steady_clock;

  struct limits {
    std::size_t all = 32;
    std::size_t each_room = 4;
    std::size_t slow = 16;                  ///< of webhooks that are known to be slow
    std::chrono::milliseconds quick{2000};  ///< what takes longer, or is in vain, is slow
    std::chrono::milliseconds within{30'000};
  };

  explicit webhook_places(limits l) : limits_(l) {}

  [[nodiscard]] bool is_free_for(const uuid& room, const uuid& hook) const;
  /// A place for an attempt, which has to end within `limits::within`; only if it is free. Never 0.
  std::uint64_t take(const uuid& room, const uuid& hook, clock::time_point now);
  /// False: it was given back before.
  bool give_back(std::uint64_t ticket, bool delivered, clock::time_point now);
  /// Attempts that should have ended, with their webhooks. They hold their places still.
  [[nodiscard]] std::vector<std::pair<std::uint64_t, uuid>> overdue(clock::time_point now) const;
  [[nodiscard]] std::size_t taken() const noexcept { return attempts_.size(); }

 private:
  struct attempt {
    uuid room;
    uuid hook;
    clock::time_point began;
    bool is_slow = false;
  };
  void remember(const attempt& a, bool is_slow);

  const limits limits_;
  std::unordered_map<std::uint64_t, attempt> attempts_;
  std::unordered_map<uuid, std::size_t, uuid_hash> by_room_;
  std::size_t slow_taken_ = 0;
  std::unordered_set<uuid, uuid_hash> slow_;  ///< bounded; who is forgotten is taken for quick
  std::uint64_t tickets_ = 0;
};

}  // namespace greenroom::actors

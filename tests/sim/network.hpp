// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Delays, loses, doubles and reorders what is sent, and cuts one way at a time. All of it follows
/// from the random numbers it is given.

#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "raft/types.hpp"

namespace greenroom::sim {

using raft::server_id;
using raft::steady_ms;

class network {
 public:
  /// What arriving does. May be called twice.
  using parcel = std::function<void()>;

  network(std::mt19937_64& random, const steady_ms& now) : random_(random), now_(now) {}

  /// How many copies are on their way.
  int post(server_id from, server_id to, parcel what) {
    if (random_() % 100 < loss_percent) return 0;
    const int copies = random_() % 100 < twice_percent ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      under_way_.emplace(now_ + 1 + (delay_ms_max == 0 ? 0 : random_() % delay_ms_max),
                         letter{from, to, what});
    }
    return copies;
  }
  void deliver() {
    while (!under_way_.empty() && under_way_.begin()->first <= now_) {
      auto next = under_way_.extract(under_way_.begin());
      auto& l = next.mapped();
      if (cuts_.contains({l.from, l.to})) continue;
      const auto holding = held_.find(l.to);
      if (holding == held_.end()) {
        l.what();
      } else {
        holding->second.push_back(std::move(l));
      }
    }
  }
  /// What arrives there waits.
  void hold(server_id to) { held_.try_emplace(to); }
  /// All of it arrives now: what one has sent in its order, whoever's first by chance. Or never, if
  /// it is `lost`.
  void release(server_id to, bool lost = false) {
    auto waiting = held_.extract(to);
    if (waiting.empty() || lost) return;
    std::map<std::uint64_t, std::vector<letter>> by_turn;
    std::map<server_id, std::uint64_t> turns;
    for (auto& l : waiting.mapped()) {
      const auto turn = turns.find(l.from);
      const auto when =
          turn != turns.end() ? turn->second : turns.emplace(l.from, random_()).first->second;
      by_turn[when].push_back(std::move(l));
    }
    for (const auto& [turn, letters] : by_turn)
      for (const auto& l : letters)
        l.what();
  }
  [[nodiscard]] bool is_cut(server_id from, server_id to) const {
    return cuts_.contains({from, to});
  }
  void cut(server_id from, server_id to) { cuts_.insert({from, to}); }
  void mend(server_id from, server_id to) { cuts_.erase({from, to}); }
  void mend_all() { cuts_.clear(); }

  std::uint32_t loss_percent = 0;
  std::uint32_t twice_percent = 2;
  std::uint32_t delay_ms_max = 1;

 private:
  struct letter {
    server_id from = 0;
    server_id to = 0;
    parcel what;
  };
  std::mt19937_64& random_;
  const steady_ms& now_;
  std::multimap<steady_ms, letter> under_way_;
  std::set<std::pair<server_id, server_id>> cuts_;
  std::map<server_id, std::vector<letter>> held_;
};

}  // namespace greenroom::sim

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// When the canary asks, what it has to hear, and what it means when it does not. Pure.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "placement/cluster_map.hpp"

namespace greenroom::actors {

/// Other nodes count only together: one of them that answers proves that this node can be reached
/// and can reach; which of them are away is their own readiness. A node that has never answered on
/// its present link may be of an older version, and proves nothing either way.
class canary_watch {
 public:
  using clock = std::chrono::steady_clock;
  struct pace {
    std::chrono::milliseconds every{10'000};       ///< between rounds
    std::chrono::milliseconds again_after{1'000};  ///< from the end of one that was bad
    std::chrono::milliseconds within{5'000};       ///< what is not heard by then has failed it
  };

  /// What a round waits for, besides other nodes.
  enum class part : std::uint8_t { actors, log, sockets };
  /// Nodes with a link, and since when it has been up.
  using linked = std::map<uuid, clock::time_point>;

  enum class verdict : std::uint8_t { pending, good, bad };

  explicit canary_watch(pace p) : pace_(p) {}

  [[nodiscard]] bool under_way() const noexcept { return under_way_; }
  /// When the next one shall begin; while one is under way, when it ends at the latest.
  [[nodiscard]] clock::time_point next() const noexcept { return next_; }
  /// Returns the round's number, which what is heard has to name.
  std::uint64_t begin(clock::time_point now, linked peers);
  void heard(part which, std::uint64_t round);
  /// How long it took, if that was asked in this round and not heard yet.
  std::optional<clock::duration> heard_from(const uuid& node, std::uint64_t round,
                                            clock::time_point now);
  /// `now_linked`: as it is by now. Pending also when no round is under way.
  verdict look(clock::time_point now, const linked& now_linked);
  /// What the last round that was bad has not heard; empty after a good one.
  [[nodiscard]] const std::vector<std::string>& missing() const noexcept { return missing_; }
  /// Who has answered in the latest round; late answers still come when it has ended.
  [[nodiscard]] const std::set<uuid>& through() const noexcept { return answered_; }

 private:
  [[nodiscard]] std::vector<std::string> not_heard(const linked& now_linked) const;
  void end(clock::time_point next);

  const pace pace_;
  std::uint64_t round_ = 0;
  bool under_way_ = false;
  clock::time_point began_{};
  clock::time_point next_{};
  std::set<part> parts_;
  linked asked_;
  std::set<uuid> answered_;
  linked known_;  ///< who has ever answered, on the link of that time
  std::vector<std::string> missing_;
};

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Who has connected and has not yet done what lets him stay: how many at once, and for how long.
/// Knows nothing of sockets; whoever owns them closes those that are named here.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace greenroom::net {

class waiting_room {
 public:
  using caller = std::uint64_t;
  using time_point = std::chrono::steady_clock::time_point;

  waiting_room(std::size_t places, std::chrono::milliseconds patience)
      : places_(places), patience_(patience) {}

  /// `who` is larger than all before. Returns who has to go for it: of the address that takes the
  /// most places the one who has waited longest, so that one address cannot drive out others.
  std::optional<caller> enter(caller who, const std::string& address, time_point now);
  /// Has done it, or has gone.
  void leave(caller who);
  /// Those whose time is over; they have left.
  std::vector<caller> leave_overdue(time_point now);
  [[nodiscard]] std::size_t size() const noexcept { return waiting_.size(); }

 private:
  struct place {
    std::string address;
    time_point until;
  };
  [[nodiscard]] caller least_welcome() const;

  const std::size_t places_;
  const std::chrono::milliseconds patience_;
  std::map<caller, place> waiting_;  ///< in the order of arrival
};

}  // namespace greenroom::net

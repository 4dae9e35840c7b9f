// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What a history checks of what rooms lose and of what webhooks get. Each rule throws a violation:
///  - what was purged is gone, on each server that has applied it, and was no longer to be kept;
///  - a room's first seq never falls; what is left is chained to where the rest was cut off;
///  - a webhook's position never falls, and passes no event that was neither delivered nor given
///    up, nor purged before;
///  - at the end every webhook that is not paused has come to the end of its room.

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "chat/memory_state.hpp"
#include "sim/chat_machine.hpp"

namespace greenroom::sim {

class keeping {
 public:
  /// A room has one event more.
  void noted(const uuid& room, std::uint64_t seq, unix_ms time, bool is_message);
  /// A room comes from a file of another one, up to there and without what was purged.
  void restored(const uuid& room, const uuid& original, std::uint64_t last_seq,
                std::uint64_t purged_seq);
  /// The receiver of a webhook has got this event, perhaps again.
  void delivered(const uuid& hook, std::uint64_t seq) { delivered_[hook].insert(seq); }
  /// A server has applied it; `first` of all.
  void applied(const decided& d, const chat::memory_state& s, bool first);
  void check_end(const chat::memory_state& s) const;

  [[nodiscard]] std::uint64_t purged() const;
  [[nodiscard]] std::size_t deliveries() const;

 private:
  struct event {
    unix_ms time = 0;
    bool is_message = false;
  };
  void purged(const decided& d, const chat::memory_state& s, bool first);
  void advanced(const decided& d, const chat::memory_state& s, bool first);
  void check_due(const chat::room& now, std::uint64_t from, unix_ms time) const;

  std::map<uuid, std::vector<event>> events_;          ///< of a room, by seq - 1
  std::map<uuid, std::uint64_t> purged_;               ///< of a room: up to here all is gone
  std::map<uuid, std::uint64_t> positions_;            ///< of a webhook
  std::map<uuid, std::set<std::uint64_t>> delivered_;  ///< of a webhook
};

}  // namespace greenroom::sim

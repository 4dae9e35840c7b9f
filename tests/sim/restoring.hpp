// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What a history checks of what rooms show, and of rooms that are made from their files. It writes
/// down for itself what each entry of a room's log said when it was written. Each rule throws a
/// violation:
///  - what a room shows of its messages is what its log says, entry by entry, less what was purged;
///  - a room that comes from a file exists for nobody before all of it is there; then it shows what
///  the log of the first room said up to there, has each entry of that log, and is chained to it;
///  - what comes after goes on where the file ended;
///  - of a restoration that was given up nothing is left.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "chat/memory_state.hpp"
#include "sim/chat_machine.hpp"

namespace greenroom::sim {

class restoring {
 public:
  /// A room opens whose first `last_seq` places are those of another one. In those behind it,
  /// messages were deleted whose words of then are lost.
  struct opening {
    uuid room;
    uuid original;
    std::uint64_t last_seq = 0;
    std::uint64_t purged_seq = 0;
    std::vector<unix_ms> lost{};  ///< when
  };
  /// Before the entry's changes are noted: whether it opens a room, as it should.
  std::optional<opening> applied(const decided& d, const chat::memory_state& s);
  /// A room has one event more.
  void noted(const uuid& room, std::uint64_t seq, const decided& d, const chat::memory_state& s);
  [[nodiscard]] bool is_open(const uuid& room) const { return opened_.contains(room); }
  void check_end(const chat::memory_state& s) const;

  [[nodiscard]] std::size_t opened() const { return opened_.size(); }
  /// Those of them whose file had been cut at an entry.
  [[nodiscard]] std::size_t opened_at_entry() const { return opened_at_entry_; }

 private:
  struct line {
    chat::room_entry entry;
    uuid id;              ///< of the message that it is
    std::string content;  ///< that it gives to the message
    protocol::digest chain{};
  };
  using lines = std::vector<line>;
  static void check_shown(const chat::memory_state& s, const chat::room& r, const lines& log,
                          std::uint64_t last_seq, const char* rule);

  std::map<uuid, lines> logs_;
  std::map<uuid, std::uint64_t> opened_;  ///< where its file ended
  std::size_t opened_at_entry_ = 0;
};

}  // namespace greenroom::sim

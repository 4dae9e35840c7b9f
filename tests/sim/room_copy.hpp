// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// A room's file in a simulation: read bit by bit from servers' states as an export reads it
/// (src/actors/room_export.cpp), perhaps forged, and cut into the parts in which a restore takes
/// it.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "chat/commands.hpp"
#include "chat/memory_state.hpp"
#include "sim/machine.hpp"

namespace greenroom::sim {

class room_copy {
 public:
  explicit room_copy(const uuid& room) : room_(room) {}

  /// Reads on. False: there is no such room, or what comes next is not there (any more, or on this
  /// server): it has to be begun again.
  bool read(const chat::memory_state& s, std::size_t entries_max);
  [[nodiscard]] bool whole() const { return whole_; }
  [[nodiscard]] const uuid& of() const { return room_; }

  /// Leaves what is behind `to` away, once all of it is there: as a file that is cut. False: it has
  /// no such entry.
  bool cut(std::uint64_t to);
  /// Of the last entry; meaningful once it is whole.
  [[nodiscard]] std::uint64_t last_seq() const { return last_seq_; }
  /// Changes something that the chain proves. False: there is nothing in it that could be.
  bool forge(const picker& pick);
  /// Without `from` and `room_id`; the first has the head, and the last ends.
  [[nodiscard]] std::vector<std::shared_ptr<const chat::restore_room>> parts(
      const picker& pick) const;

 private:
  uuid room_;
  std::optional<chat::room> head_;
  std::vector<chat::restored_entry> entries_;
  std::uint64_t last_seq_ = 0;
  protocol::digest chain_{};
  std::vector<chat::restored_member> members_;
  bool whole_ = false;
  std::uint64_t to_ = 0;             ///< 0: it was not cut
  std::vector<std::uint64_t> lost_;  ///< messages that the rest had changed
};

}  // namespace greenroom::sim

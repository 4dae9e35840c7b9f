// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Checks a room's file (docs/protocol.md, section 7.1): that its entries are those that were
/// written, in their order and without a gap, and its messages what the entries say. Knows nothing
/// of the server. Whoever can write the file can make another one that is right in itself: only the
/// head, kept elsewhere, tells them apart.

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/chain.hpp"

namespace greenroom::cli {

struct room_file_report {
  /// What is wrong and where, in words; the first problems_max of them.
  std::vector<std::string> problems;
  std::uint64_t problem_count = 0;
  std::string room;  ///< its name
  std::uint64_t entries = 0;
  std::uint64_t unchained = 0;  ///< of them from before there were digests
  std::uint64_t messages = 0;   ///< whose content was compared
  std::uint64_t members = 0;
  std::uint64_t first_seq = 0;
  std::uint64_t last_seq = 0;
  protocol::digest head{};  ///< of the chain over the entries
};

inline constexpr std::size_t problems_max = 20;

/// `head`: what the chain has to end in, where that is known.
room_file_report verify_room_file(std::istream& file, const std::optional<protocol::digest>& head);

/// Looks on while a file is being written. A message that was written may be taken by the room's
/// retention before its later changes are: those come without it, and the file is not whole.
class export_watch {
 public:
  /// The next part, of whole lines. The seq of a message that went like that; null: none so far.
  std::optional<std::uint64_t> take(std::string_view part);

 private:
  std::optional<std::uint64_t> purged_seq_;  ///< of the first line, which is the room's
};

}  // namespace greenroom::cli

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// A room's file (docs/protocol.md, section 7.1) as far as one of its entries: the lines from which
/// a room is made as it was right after that entry (section 7.2). Knows nothing of the server. A
/// file shows what messages say at its end, and who is in the room then; what that leaves unknown
/// is said, and never guessed. The file has been checked before (cli/room_file.hpp).

#include <cstdint>
#include <iosfwd>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "cli/room_cut_people.hpp"
#include "protocol/chain.hpp"

namespace greenroom::cli {

/// A message that has said something else at the end of the cut, which the file does not have.
struct lost_message {
  std::uint64_t seq = 0;
  std::uint64_t changed_by = 0;  ///< the first entry behind the cut that changed it
  bool deleted = false;          ///< else edited
  bool operator==(const lost_message&) const = default;
};

class room_cut {
 public:
  /// Reads the file twice, from its beginning. Errors, in words: `to` is no entry of the file (with
  /// what may be), its entries do not all have digests, it is no room's file.
  static tl::expected<room_cut, std::string> make(std::istream& file, std::uint64_t to);

  /// The next line, without its end, of the cut file; `file` is the same one, at its beginning when
  /// this is first called. False: there are no more.
  bool next(std::istream& file, std::string& line);

  [[nodiscard]] std::uint64_t to() const { return to_; }
  /// Of the chain at `to`.
  [[nodiscard]] const protocol::digest& head() const { return head_; }
  [[nodiscard]] const std::vector<lost_message>& lost() const { return lost_; }
  [[nodiscard]] const people_then& people() const { return people_; }

 private:
  struct said {
    std::uint64_t by = 0;  ///< the last entry up to `to` about its words
    protocol::digest content{};
  };

  explicit room_cut(std::uint64_t to) : to_(to) {}
  void look(std::istream& file);
  void take_room(const nlohmann::json& line);
  void take_entry(const nlohmann::json& line);
  /// The words of then of messages that were changed later, where some line still has them.
  void find_words(std::istream& file);
  [[nodiscard]] std::string cut(const std::string& text) const;

  std::uint64_t to_;
  std::uint64_t purged_seq_ = 0;
  std::uint64_t last_seq_ = 0;
  protocol::digest head_{};
  std::map<std::uint64_t, said> said_;
  std::map<std::uint64_t, lost_message> changed_;  ///< behind the cut, by their seqs
  std::map<std::uint64_t, nlohmann::json> words_;  ///< of them: the records of then
  std::vector<lost_message> lost_;
  people_gathered gathered_;
  people_then people_;
  std::vector<std::string> rest_;  ///< the lines behind the entries
  std::size_t rest_at_ = 0;
  bool entries_over_ = false;
};

}  // namespace greenroom::cli

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Who was in a room right after one of its entries, as far as its file tells: it has the members
/// of its end, and in its entries who came and went. Used by cli/room_cut.hpp.

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "protocol/records.hpp"
#include "protocol/uuid.hpp"

namespace greenroom::cli {

struct people_then {
  std::vector<nlohmann::json> lines;  ///< the members, as lines of a file
  /// Members whose role of then the file does not tell. They are `member`.
  std::vector<uuid> without_role;
  /// Those of whom it does not tell whether they were members. They are none.
  std::vector<uuid> unsure;
  bool has_owner = false;  ///< or the room is of a kind that has none
};

/// Takes the lines of a file in their order. Throws bad_line (protocol/room_file.hpp).
class people_gathered {
 public:
  explicit people_gathered(std::uint64_t to = 0) : to_(to) {}

  void take_room(const nlohmann::json& line);
  void take_entry(const nlohmann::json& line);
  void take_member(const nlohmann::json& line);
  [[nodiscard]] people_then then() const;

 private:
  enum class standing { unknown, member, invited, none };
  /// What the first entry behind the cut says of how he stood before it.
  enum class hint { nothing, was_none, was_member, has_gone, was_banned };

  struct person {
    standing at_cut = standing::unknown;
    std::uint64_t joined_seq = 0;  ///< 0: by no entry of the file
    std::string joined_at;
    std::optional<protocol::member_role> role;  ///< as he came in, where that is known
    bool role_changed = false;                  ///< since then, up to the cut
    hint later = hint::nothing;
    bool role_changed_later = false;
    std::optional<nlohmann::json> line;  ///< as a member of the file's end
    std::uint64_t line_joined_seq = 0;
  };

  void happened(person& p, protocol::room_event_kind event, const nlohmann::json& line);
  void happened_later(person& p, protocol::room_event_kind event) const;
  /// Whether the membership of the file's end is that of the cut.
  [[nodiscard]] bool stays(const person& p) const;
  /// Empty: the file does not tell.
  [[nodiscard]] std::optional<bool> was_member(const person& p) const;
  [[nodiscard]] std::optional<protocol::member_role> role_of(const person& p) const;
  [[nodiscard]] nlohmann::json line_of(const uuid& id, const person& p,
                                       protocol::member_role role) const;

  std::uint64_t to_;
  std::uint64_t purged_seq_ = 0;
  bool is_direct_ = false;
  bool of_server_ = false;  ///< nobody has made it: people only read
  std::string created_at_;
  std::map<uuid, person> people_;
};

}  // namespace greenroom::cli

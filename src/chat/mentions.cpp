// SPDX-License-Identifier: MIT

// Whom a message mentions.

#include <algorithm>
#include <string_view>

#include "chat/rules.hpp"
#include "protocol/limits.hpp"
#include "protocol/text.hpp"

namespace greenroom::chat::rules {

namespace {

bool is_name_char(char ch) {
  return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
         ch == '.' || ch == '_' || ch == '-';
}

/// Names may end in a dot or a dash, but more often that is the end of the sentence.
bool may_be_punctuation(char ch) {
  return ch == '.' || ch == '-';
}

/// `room`, in any letter case, with or without punctuation at its end.
bool is_everybody(std::string_view name) {
  while (!name.empty() && may_be_punctuation(name.back()))
    name.remove_suffix(1);
  return protocol::fold_name(name, 1, limits::username_chars_max) == "room";
}

/// Looks names up, a bounded number of times.
struct finder {
  const context& c;
  const uuid& room_id;
  std::size_t lookups = 0;

  /// The member called like this, or like this without the punctuation at its end.
  std::optional<uuid> operator()(std::string_view name) {
    while (!name.empty() && lookups < mention_lookups_max) {
      if (const auto folded =
              protocol::fold_name(name, limits::username_chars_min, limits::username_chars_max)) {
        ++lookups;
        const auto id = user_id_of(*folded);
        if (c.s.find_member(room_id, id)) return id;
      }
      if (!may_be_punctuation(name.back())) return std::nullopt;
      name.remove_suffix(1);
    }
    return std::nullopt;
  }
};

}  // namespace

std::vector<uuid> mentions_in(const context& c, const uuid& room_id, const std::string& text,
                              bool may_call_all) {
  std::vector<uuid> found;
  finder find{c, room_id};
  const std::string_view all = text;
  for (auto at = all.find('@'); at != std::string_view::npos && found.size() < mentions_max &&
                                find.lookups < mention_lookups_max;
       at = all.find('@', at + 1)) {
    // The @ of an address is no mention.
    if (at > 0 && is_name_char(all[at - 1])) continue;
    auto end = at + 1;
    while (end < all.size() && is_name_char(all[end]))
      ++end;
    const auto name = all.substr(at + 1, end - at - 1);
    const auto id = may_call_all && is_everybody(name) ? std::optional(room_id) : find(name);
    if (id && std::find(found.begin(), found.end(), *id) == found.end()) found.push_back(*id);
  }
  return found;
}

}  // namespace greenroom::chat::rules

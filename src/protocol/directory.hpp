// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// How lists of people and rooms are searched: a text occurs in one of their names, whatever the
/// case of A to Z. Other letters are compared as they are.

#include <string>
#include <string_view>

namespace greenroom::protocol {

[[nodiscard]] inline std::string fold_ascii(std::string text) {
  for (auto& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

/// `query` is folded; an empty one occurs everywhere.
[[nodiscard]] inline bool occurs_in(const std::string& text, std::string_view query) {
  return query.empty() || fold_ascii(text).find(query) != std::string::npos;
}

/// For protocol::room and chat::room.
template <class Room>
[[nodiscard]] bool room_matches(const Room& r, std::string_view query) {
  return occurs_in(r.name, query) || occurs_in(r.alias, query) || occurs_in(r.topic, query) ||
         occurs_in(r.description, query);
}

}  // namespace greenroom::protocol

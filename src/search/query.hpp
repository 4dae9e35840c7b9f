// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What people type into a search field: words, "phrases", and filters.
///
///     lunch "see you" from:alice in:kitchen before:2026-01-31 after:2026-01-01 has:link
///
/// All of it has to hold. A word is found as it is, in any case, with or without accents; the last
/// word, and one that ends in `*`, also as the beginning of a word. Scripts without spaces between
/// words (Chinese, Japanese, Korean, Thai, …) are found anywhere in a text.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"
#include "protocol/time.hpp"
#include "protocol/uuid.hpp"

namespace greenroom::search {

/// What a message may have, as bits of search::document::has.
enum class trait : std::uint8_t { link = 1, file = 2, image = 4, mention = 8, reply = 16 };

struct query {
  struct word {
    std::string text;
    bool prefix = false;    ///< also words that begin with it
    bool anywhere = false;  ///< a script without spaces
    bool operator==(const word&) const = default;
  };
  std::vector<word> words;  ///< phrases too, which have spaces
  std::optional<uuid> from;
  /// `from:` says a name, and not an id: an id finds also what somebody has said who was erased,
  /// his name does not.
  bool from_is_name = false;
  std::optional<uuid> in;
  std::optional<unix_ms> before;  ///< exclusive
  std::optional<unix_ms> after;   ///< inclusive
  std::uint8_t has = 0;           ///< traits, all of which are wanted
};

/// INVALID_MESSAGE with field `query` for a filter that says nothing or has an unknown value, and
/// for a query without anything in it.
expected<query> parse(std::string_view text);

/// Whether a character belongs to a script that does not separate words by spaces.
bool is_unspaced(char32_t c) noexcept;
bool has_unspaced(std::string_view text) noexcept;

}  // namespace greenroom::search

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// A typed line as words, as a shell takes it apart: blanks between them, '…' and "…" around what
/// has blanks in it, \ before a single character. Nothing else means anything.

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace greenroom::cli {

/// The words; what is wrong when a quote is not closed or nothing follows a \.
tl::expected<std::vector<std::string>, std::string> split_words(std::string_view line);

/// What stands before the cursor: whole words, and the one that is being typed (empty after a
/// blank).
struct typed_words {
  std::vector<std::string> before;
  std::string word;
  bool quoted = false;  ///< the word has quotes or \ in it: what is typed is not what is meant
};
typed_words words_before(std::string_view line);

}  // namespace greenroom::cli

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Text of others on a terminal: safe to print, and as wide as it looks.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace greenroom::cli {

/// Control characters (also C1 and those that turn the direction of text) as `\x1b`, `\u202e`;
/// line feed as `\n`, tab as `\t`, broken UTF-8 as U+FFFD. The result has one line.
std::string printable(std::string_view text);

/// Columns on a terminal; `text` is printable.
std::size_t width_of(std::string_view text);

/// Filled with spaces to `columns`; longer text stays whole.
std::string padded(std::string_view text, std::size_t columns);

/// As much of it as `columns` have room for; what is cut ends in `…`.
std::string cut(std::string_view text, std::size_t columns);

/// The candidate that was probably meant, empty when none is near.
std::string nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace greenroom::cli

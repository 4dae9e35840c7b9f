// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Checks on text that clients send.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace greenroom::protocol {

/// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_valid_utf8(std::string_view text) noexcept;
/// Code points of valid UTF-8.
std::size_t count_chars(std::string_view text) noexcept;
/// Lower case of `[A-Za-z0-9._-]`; empty when another character occurs or the length is outside
/// [min, max].
std::optional<std::string> fold_name(std::string_view name, std::size_t min, std::size_t max);

}  // namespace greenroom::protocol

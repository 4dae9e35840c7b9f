// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Time as it is stored and sent: milliseconds since 1970 UTC in memory and on disk, RFC 3339 with
/// exactly three fractional digits and `Z` in documents. Waiting uses std::chrono::steady_clock.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace greenroom {

/// Milliseconds since the Unix epoch; 0 means "never".
using unix_ms = std::int64_t;

/// The system clock now. Only the edges call this: rules get the time in their commands.
unix_ms now_ms() noexcept;
/// `2026-11-24T07:03:48.123Z`
std::string format_time(unix_ms time);
/// Any RFC 3339 time with offset; empty when malformed.
std::optional<unix_ms> parse_time(std::string_view text) noexcept;

}  // namespace greenroom

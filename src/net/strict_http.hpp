// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What Beast 1.74 lets through and a server behind a proxy must not (RFC 9112): two readings of
/// one request are how requests are smuggled. Pure functions.

#include <optional>
#include <string>
#include <string_view>

#include "net/asio.hpp"

namespace greenroom::net {

/// The header of a request in what has arrived so far.
struct found_header {
  enum class state : std::uint8_t { incomplete, complete, refused };
  state is = state::incomplete;
  std::size_t bytes = 0;  ///< complete: with the empty line
  int status = 400;       ///< refused: 400, or 431 when it is too long
  std::string why;
};

/// Looks for the end of the header in `text`, and refuses as early as can be: what does not begin
/// like a request, a line that ends in a bare LF, more than `bytes_max`, and what
/// refuse_raw_header() finds. `text` holds no empty lines in front.
found_header find_header(std::string_view text, std::size_t bytes_max);

/// Checks the raw bytes of a header, the empty line included: no folded lines (section 5.2), no
/// bare CR or LF, no NUL, no space before a colon. Empty when fine, else what is wrong.
std::string refuse_raw_header(std::string_view header);

/// Checks the parsed header: exactly one Host in HTTP/1.1 (section 3.2), at most one
/// Content-Length and not with Transfer-Encoding (6.1, 6.3), no coding but chunked, a path that
/// starts with '/'. Empty when fine.
std::string refuse_header(const http::request_header<>& header);

/// Decodes %XX of a path or query part; empty optional for bad escapes and NUL.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

}  // namespace greenroom::net

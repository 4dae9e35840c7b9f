// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The closed list of what can go wrong for a client, and the close codes of a WebSocket.

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace greenroom {

/// Error codes of the protocol (docs/protocol.md, section 8). The text form is upper case with
/// underscores and never changes.
enum class ec : std::uint8_t {
  invalid_message,  ///< a field is missing, ill-typed or out of range; names the field
  unknown_message,  ///< a type that is not in the request table
  unsupported,      ///< known, but not offered here
  unauthorized,     ///< not authenticated, or the token is not valid (any more)
  forbidden,        ///< authenticated, but without the right
  user_not_found,
  room_not_found,
  message_not_found,
  file_not_found,
  username_taken,
  invalid_credentials,  ///< wrong user name or password; does not say which
  user_offline,
  rate_limit,   ///< too many; details.retry_after_ms
  too_large,    ///< details.field and details.limit
  conflict,     ///< contradicts the present state
  unavailable,  ///< no leader or no majority; repeat with the same message_id
  internal,     ///< a fault of the server; it is in its log
};

/// `ec::room_not_found` → `ROOM_NOT_FOUND`.
std::string_view to_string(ec code) noexcept;
std::optional<ec> parse_ec(std::string_view text) noexcept;
/// One sentence for a person, for the catalogue and where no better text is known.
std::string_view describe(ec code) noexcept;
/// What the details of such errors can name, and what a client does about them: for the catalogue
/// (docs/errors.md). Fields in the Markdown form.
std::string_view details_of(ec code) noexcept;
std::string_view advice_on(ec code) noexcept;
/// HTTP status of an error (docs/protocol.md, section 7).
int http_status(ec code) noexcept;

/// What details an error may carry; empty ones are left out of the document.
struct error_details {
  std::string field;                  ///< path of the offending field
  std::optional<std::int64_t> limit;  ///< the limit that was exceeded, in the field's unit
  std::optional<std::int64_t> retry_after_ms;
  std::optional<std::uint64_t> seq;
  std::optional<std::uint32_t> replicas;
  bool operator==(const error_details&) const = default;
};

/// An error as the client sees it. `message` says what and where, never a secret.
struct error {
  ec code = ec::internal;
  std::string message;
  error_details details{};
  bool operator==(const error&) const = default;
};

template <class T>
using expected = tl::expected<T, error>;
using tl::unexpected;

/// Shorthands for the common ones.
tl::unexpected<error> fail(ec code, std::string message = {});
tl::unexpected<error> invalid_field(std::string field, std::string message);
tl::unexpected<error> too_large(std::string field, std::int64_t limit);
tl::unexpected<error> unavailable(std::string message, std::int64_t retry_after_ms = 1000);

/// Close codes of a WebSocket (RFC 6455 section 7.4 and our own 44xx).
enum class close_code : std::uint16_t {
  going_away = 1001,
  protocol_error = 1002,
  wrong_frame_kind = 1003,
  invalid_utf8 = 1007,
  policy = 1008,
  too_big = 1009,
  try_later = 1013,
  not_authenticated = 4401,
  session_revoked = 4403,
  heartbeat_missed = 4408,
  too_slow = 4413,
  flooding = 4429,
};

}  // namespace greenroom

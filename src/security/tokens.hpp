// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Access tokens (JWT, RFC 7519, HS256 only, through libjwt) and refresh tokens.
///
/// The algorithm is pinned: the header's `alg` is compared, never obeyed, and claims are not read
/// before the signature holds. A key is found by `kid` among the cluster's own keys only.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "protocol/error.hpp"
#include "protocol/scopes.hpp"
#include "protocol/time.hpp"
#include "protocol/uuid.hpp"

namespace greenroom::security {

struct signing_key {
  std::string id;      ///< `kid`
  std::string secret;  ///< 32 random bytes
};

struct access_claims {
  uuid user_id;
  uuid session_id;
  unix_ms issued_at = 0;
  unix_ms expires_at = 0;
  /// Not 0: a bot's token (`use` is "bot", and `scp` names these). The session's record says the
  /// same, and to which rooms it is limited, for which a token is too short.
  protocol::scope_bits scopes = 0;
};

/// The end of the year 9999: a token that is good until it is revoked.
inline constexpr unix_ms never_expires_ms = 253'402'300'799'000;

/// Under 480 bytes.
std::string issue_access_token(const signing_key& key, const access_claims& claims);
/// UNAUTHORIZED for anything but a valid, unexpired token of one of the keys; the text never quotes
/// the token.
expected<access_claims> verify_access_token(std::span<const signing_key> keys,
                                            std::string_view token, unix_ms now);

/// A refresh token leads to its session: base64url of user id, session id and 32 random bytes.
struct refresh_token {
  uuid user_id;
  uuid session_id;
  std::string text;
  std::array<std::uint8_t, 32> hash{};  ///< SHA-256 of the text: what is stored
};
refresh_token make_refresh_token(const uuid& user_id, const uuid& session_id);
expected<refresh_token> parse_refresh_token(std::string_view text);

/// Constant-time comparison of equal-length secrets.
bool same_secret(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) noexcept;
/// `n` bytes from the system's generator.
std::string random_bytes(std::size_t n);

}  // namespace greenroom::security

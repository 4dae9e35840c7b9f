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
/// the token. `token_memory` does the same for one key with less work.
expected<access_claims> verify_access_token(std::span<const signing_key> keys,
                                            std::string_view token, unix_ms now);

/// What a token says whose signature holds, whatever the time is.
struct signed_claims {
  access_claims claims;
  unix_ms not_before = 0;  ///< `nbf`, which nodes do not write; 0: it says nothing of it
};
/// The part of verify_access_token() that is the same at any time: UNAUTHORIZED for what is no
/// token or not signed with this key.
expected<signed_claims> read_access_token(const signing_key& key, std::string_view token);
/// The other part: UNAUTHORIZED before and after the time in which it is good.
expected<access_claims> judge_time(const signed_claims& of, unix_ms now);

/// The id of the key that a token says it was signed with; nothing for what is no token. Not
/// verified: good for choosing what to answer, never for trust.
std::optional<std::string> named_key(std::string_view token);

/// A refresh token leads to its session: base64url of user id, session id and 32 random bytes.
/// Those of a chain, in which each use gives the next one, also have their place in it and a seal
/// of all that: so a node knows every token that it ever gave out, and keeps no more than the last
/// hashes.
struct refresh_token {
  uuid user_id;
  uuid session_id;
  /// The place in the chain; empty: it is in none. What it says counts only if it is_genuine().
  std::optional<std::uint32_t> generation;
  std::string text;
  /// What is stored: SHA-256 of the text, in a chain with its place in the last 4 bytes.
  std::array<std::uint8_t, 32> hash{};
};
refresh_token make_refresh_token(const uuid& user_id, const uuid& session_id);
/// Of a chain. `key`: a secret of the cluster.
refresh_token make_refresh_token(const uuid& user_id, const uuid& session_id, std::string_view key,
                                 std::uint32_t generation);
expected<refresh_token> parse_refresh_token(std::string_view text);
/// The place in its chain of the token with this stored hash; of one that is in none, any number.
std::uint32_t generation_in(std::span<const std::uint8_t, 32> hash) noexcept;
/// Whether the token was given out with this key, in a chain.
bool is_genuine(const refresh_token& token, std::string_view key);

/// Constant-time comparison of equal-length secrets.
bool same_secret(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) noexcept;
/// `n` bytes from the system's generator.
std::string random_bytes(std::size_t n);

}  // namespace greenroom::security

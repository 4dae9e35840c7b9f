// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Tokens made by hand, for what issue_access_token() never writes.

#include <sodium.h>

#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "security/tokens.hpp"

namespace greenroom::test {

inline constexpr unix_ms now = 1'700'000'000'000;

inline const security::signing_key key{"k1", "0123456789abcdef0123456789abcdef"};
inline const security::access_claims claims{
    uuid::parse("018f6b1e-0000-7000-8000-000000000001").value(),
    uuid::parse("018f6b1e-0000-7000-8000-000000000002").value(), now - 1000, now + 3'600'000};

inline std::string base64url(std::string_view bytes) {
  std::string out(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING),
                  '\0');
  sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                    bytes.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  out.pop_back();
  return out;
}

/// base64url of HMAC-SHA256, whatever a header claims.
inline std::string signature_of(std::string_view text, std::string_view secret) {
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> mac{};
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(secret.data()),
                              secret.size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()),
                                text.size());
  crypto_auth_hmacsha256_final(&state, mac.data());
  return base64url({reinterpret_cast<const char*>(mac.data()), mac.size()});
}

inline std::string signed_token(std::string_view header, std::string_view payload,
                                std::string_view secret) {
  auto text = base64url(header) + '.' + base64url(payload);
  return text + '.' + signature_of(text, secret);
}

inline nlohmann::json good_header() {
  return {{"alg", "HS256"}, {"typ", "JWT"}, {"kid", key.id}};
}

inline nlohmann::json good_payload() {
  return {{"sub", claims.user_id.str()},
          {"sid", claims.session_id.str()},
          {"use", "access"},
          {"iat", claims.issued_at / 1000},
          {"exp", claims.expires_at / 1000}};
}

}  // namespace greenroom::test

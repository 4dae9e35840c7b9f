// SPDX-License-Identifier: MIT
#include "web/signature.hpp"

#include <sodium.h>

#include <array>

namespace greenroom::web {

std::string sign(std::string_view secret, std::int64_t timestamp_s, std::string_view body) {
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
  };
  const auto head = std::to_string(timestamp_s) + ".";
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, bytes(secret), secret.size());
  crypto_auth_hmacsha256_update(&state, bytes(head), head.size());
  crypto_auth_hmacsha256_update(&state, bytes(body), body.size());
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> mac{};
  crypto_auth_hmacsha256_final(&state, mac.data());
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text = "v1=";
  for (const auto byte : mac) {
    text += digits[byte >> 4U];
    text += digits[byte & 0xfU];
  }
  return text;
}

bool is_signed_by(std::string_view secret, std::int64_t timestamp_s, std::string_view body,
                  std::string_view signature) {
  const auto right = sign(secret, timestamp_s, body);
  return right.size() == signature.size() &&
         sodium_memcmp(right.data(), signature.data(), right.size()) == 0;
}

}  // namespace greenroom::web

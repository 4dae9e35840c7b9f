// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Inside of security: what the texts of tokens are made with.

#include <sodium.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

namespace greenroom::security {

/// libsodium wants to be initialised once before use; doing it again is harmless.
inline void ensure_sodium() noexcept {
  static const int state = sodium_init();
  if (state < 0) std::abort();  // no randomness: nothing that follows would be safe
}

inline const unsigned char* bytes_of(std::string_view text) noexcept {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// Without padding.
inline std::string to_base64url(std::string_view bytes) {
  std::string out(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING),
                  '\0');
  sodium_bin2base64(out.data(), out.size(), bytes_of(bytes), bytes.size(),
                    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  out.pop_back();  // the terminating zero
  return out;
}

/// In constant time, for secrets.
inline std::optional<std::string> from_base64url(std::string_view text) {
  std::string out(text.size(), '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(),
                        text.size(), nullptr, &size, &end,
                        sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
      end != text.data() + text.size()) {
    return std::nullopt;
  }
  out.resize(size);
  return out;
}

namespace inside {

/// The six bits of each digit; 64 for what is none.
inline constexpr std::array<std::uint8_t, 256> base64url_digits = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(64);
  std::uint8_t next = 0;
  for (const char c :
       std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")) {
    values[static_cast<unsigned char>(c)] = next++;
  }
  return values;
}();

inline std::uint8_t digit_of(char c) noexcept {
  return base64url_digits[static_cast<unsigned char>(c)];
}

}  // namespace inside

/// Nothing but its digits; not whether they can be decoded.
inline bool is_base64url(std::string_view text) noexcept {
  std::uint8_t seen = 0;
  for (const char c : text)
    seen |= inside::digit_of(c);
  return (seen & 64U) == 0;
}

/// As from_base64url, a tenth of its time, which tells of the text: for what is no secret.
inline std::optional<std::string> from_open_base64url(std::string_view text) {
  if (!is_base64url(text) || text.size() % 4 == 1) return std::nullopt;
  std::string out(text.size() * 3 / 4, '\0');
  auto* to = out.data();
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    bits = bits << 6U | inside::digit_of(c);
    held += 6;
    if (held >= 8) {
      held -= 8;
      *to++ = static_cast<char>(bits >> held & 0xffU);
    }
  }
  // There is one way to write something.
  if ((bits & ((1U << held) - 1U)) != 0) return std::nullopt;
  return out;
}

}  // namespace greenroom::security

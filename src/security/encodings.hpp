// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Inside of security: what the texts of tokens are made with.

#include <sodium.h>

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

}  // namespace greenroom::security

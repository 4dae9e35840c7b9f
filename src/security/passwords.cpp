// SPDX-License-Identifier: MIT
#include "security/passwords.hpp"

#include <sodium.h>

#include <array>
#include <cstring>

namespace greenroom::security {

namespace {

constexpr std::size_t mib = 1024 * 1024;

}  // namespace

expected<std::string> hash_password(std::string_view password, const password_cost& cost) {
  std::array<char, crypto_pwhash_STRBYTES> out{};
  if (crypto_pwhash_str_alg(out.data(), password.data(), password.size(), cost.operations,
                            cost.memory_mib * mib, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return fail(ec::unavailable, "no memory to hash a password right now");
  }
  return std::string(out.data());
}

bool verify_password(std::string_view hash, std::string_view password, const password_cost& cost) {
  std::array<char, crypto_pwhash_STRBYTES> text{};
  const bool usable = hash.starts_with("$argon2id$") && hash.size() < text.size();
  if (!usable) {
    // The same work, and never a match: who has no password cannot be told from who has another.
    (void)hash_password(password, cost);
    return false;
  }
  std::memcpy(text.data(), hash.data(), hash.size());
  return crypto_pwhash_str_verify(text.data(), password.data(), password.size()) == 0;
}

bool needs_rehash(std::string_view hash, const password_cost& cost) {
  std::array<char, crypto_pwhash_STRBYTES> text{};
  if (hash.size() >= text.size()) {
    return true;
  }
  std::memcpy(text.data(), hash.data(), hash.size());
  return crypto_pwhash_str_needs_rehash(text.data(), cost.operations, cost.memory_mib * mib) != 0;
}

}  // namespace greenroom::security

// SPDX-License-Identifier: MIT
#include "security/passwords.hpp"

#include <sodium.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <optional>

namespace greenroom::security {

namespace {

constexpr std::size_t mib = 1024 * 1024;

/// The hash as libsodium takes it, when it is a whole argon2id hash.
std::optional<std::array<char, crypto_pwhash_STRBYTES>> usable_hash(std::string_view hash) {
  std::array<char, crypto_pwhash_STRBYTES> text{};
  if (!hash.starts_with("$argon2id$") || hash.size() >= text.size() ||
      hash.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  std::memcpy(text.data(), hash.data(), hash.size());
  const int state = crypto_pwhash_str_needs_rehash(text.data(), crypto_pwhash_OPSLIMIT_MIN,
                                                   crypto_pwhash_MEMLIMIT_MIN);
  return state < 0 ? std::nullopt : std::optional(text);
}

}  // namespace

expected<std::string> hash_password(std::string_view password, const password_cost& cost) {
  static const int sodium = sodium_init();
  if (sodium < 0) std::abort();  // no randomness: no salt would be safe
  std::array<char, crypto_pwhash_STRBYTES> out{};
  if (crypto_pwhash_str_alg(out.data(), password.data(), password.size(), cost.operations,
                            cost.memory_mib * mib, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return fail(ec::unavailable, "no memory to hash a password right now");
  }
  return std::string(out.data());
}

bool verify_password(std::string_view hash, std::string_view password, const password_cost& cost) {
  const auto text = usable_hash(hash);
  if (!text) {
    // The same work, and never a match: who has no password cannot be told from who has another.
    (void)hash_password(password, cost);
    return false;
  }
  return crypto_pwhash_str_verify(text->data(), password.data(), password.size()) == 0;
}

bool needs_rehash(std::string_view hash, const password_cost& cost) {
  const auto text = usable_hash(hash);
  return !text ||
         crypto_pwhash_str_needs_rehash(text->data(), cost.operations, cost.memory_mib * mib) != 0;
}

std::string generate_password() {
  // Without 0, 1, l and o, which are taken for one another.
  static constexpr std::string_view letters = "23456789abcdefghijkmnpqrstuvwxyz";
  static_assert(letters.size() == 32);
  std::string out;
  for (int n = 0; n < 20; ++n) {
    if (n > 0 && n % 5 == 0) {
      out += '-';
    }
    out += letters[randombytes_uniform(static_cast<std::uint32_t>(letters.size()))];
  }
  return out;
}

}  // namespace greenroom::security

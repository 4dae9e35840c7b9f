// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Access tokens that were found to be signed, so that who comes back with the same one, and each
/// HTTP call, costs one hash instead of a signature and two JSON documents.
///
/// Only what does not change is remembered: that this text is signed with this key, and what it
/// says. Whether the key still counts is the caller's to say with each call, the time is judged
/// with each call, and whether the session still is was never a token's to say.
///
/// What somebody who means harm could do with it:
/// - Make another text pass for a remembered one: it is known by 32 bytes of BLAKE2b under a random
///   key of the process, over the whole text and the key's id and secret. Nobody outside can
///   compute these bytes, look for two texts with the same ones, or choose the place in which one
///   is kept. So a comparison that ends early tells him nothing either.
/// - Fill it with tokens that are not valid: what was refused is never kept. Such a token costs the
///   hash on top of what refusing costs, and nothing that is longer than ours is hashed.
/// - Push out those of others with valid ones of his own (he needs a log-in for each): they are
///   checked again as if there were no memory. It has a fixed size and no list to search.
/// - Find out by the time that it takes whether a token was used here: he has to have the token.
/// - Read it in a dump of the process: there are hashes in it, ids of people and sessions, and no
///   token and no secret.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "security/tokens.hpp"

namespace greenroom::security {

/// Any thread may use it.
class token_memory {
 public:
  /// Tokens that may have their place in the same set: the oldest of them goes for a new one.
  static constexpr std::size_t set_size = 8;
  /// With set_size: 8,192 tokens and 900 KB, if as many are used.
  static constexpr std::size_t sets_default = 1024;

  /// `sets` is not 0; each takes memory (900 bytes) when its first token comes.
  explicit token_memory(std::size_t sets = sets_default);

  /// As verify_access_token() with this key alone.
  expected<access_claims> verify(const signing_key& key, std::string_view token, unix_ms now);
  /// How often a signature had to be looked at, be it valid or not.
  [[nodiscard]] std::uint64_t signatures_read() const noexcept {
    return signatures_.load(std::memory_order_relaxed);
  }

 private:
  using print = std::array<std::uint8_t, 32>;
  struct remembered {
    print of{};
    signed_claims said;
  };
  struct token_set {
    std::array<remembered, set_size> places;
    std::size_t used = 0;
    std::size_t next = 0;  ///< whose turn it is to go
  };

  [[nodiscard]] print print_of(const signing_key& key, std::string_view token) const;
  [[nodiscard]] std::size_t set_of(const print& of) const noexcept;
  [[nodiscard]] std::optional<signed_claims> find(const print& of) const;
  void keep(const print& of, const signed_claims& said);

  static constexpr std::size_t locks = 16;
  const std::array<std::uint8_t, 32> hash_key_;
  mutable std::array<std::mutex, locks> mutexes_;  ///< each for every 16th set
  std::vector<std::unique_ptr<token_set>> sets_;   ///< null until used
  std::atomic<std::uint64_t> signatures_{0};
};

}  // namespace greenroom::security

// SPDX-License-Identifier: MIT
#include "security/token_memory.hpp"

#include <sodium.h>

#include <algorithm>
#include <cstring>

#include "security/encodings.hpp"

namespace greenroom::security {

namespace {

/// What issue_access_token() writes is shorter.
constexpr std::size_t remembered_bytes_max = 512;

std::array<std::uint8_t, 32> random_key() {
  ensure_sodium();
  std::array<std::uint8_t, 32> key{};
  randombytes_buf(key.data(), key.size());
  return key;
}

/// With its length in front, so that nothing can move from one part into the next.
void add(crypto_generichash_state& to, std::string_view part) {
  const std::uint64_t size = part.size();
  crypto_generichash_update(&to, reinterpret_cast<const unsigned char*>(&size), sizeof size);
  crypto_generichash_update(&to, bytes_of(part), part.size());
}

}  // namespace

token_memory::token_memory(std::size_t sets) : hash_key_(random_key()), sets_(sets) {}

expected<access_claims> token_memory::verify(const signing_key& key, std::string_view token,
                                             unix_ms now) {
  const bool worth_keeping = token.size() <= remembered_bytes_max && !key.secret.empty();
  print of{};
  if (worth_keeping) {
    of = print_of(key, token);
    if (const auto known = find(of)) {
      return judge_time(*known, now);
    }
  }
  signatures_.fetch_add(1, std::memory_order_relaxed);
  const auto read = read_access_token(key, token);
  if (!read) {
    return unexpected(read.error());
  }
  auto claims = judge_time(*read, now);
  if (claims && worth_keeping) {
    keep(of, *read);
  }
  return claims;
}

token_memory::print token_memory::print_of(const signing_key& key, std::string_view token) const {
  crypto_generichash_state state;
  crypto_generichash_init(&state, hash_key_.data(), hash_key_.size(), print{}.size());
  add(state, key.id);
  add(state, key.secret);
  add(state, token);
  print of{};
  crypto_generichash_final(&state, of.data(), of.size());
  return of;
}

std::size_t token_memory::set_of(const print& of) const noexcept {
  std::uint64_t number = 0;
  std::memcpy(&number, of.data(), sizeof number);
  return number % sets_.size();
}

std::optional<signed_claims> token_memory::find(const print& of) const {
  const auto number = set_of(of);
  const std::lock_guard lock(mutexes_[number % locks]);
  const auto& set = sets_[number];
  if (!set) {
    return std::nullopt;
  }
  const auto end = set->places.begin() + static_cast<std::ptrdiff_t>(set->used);
  const auto found =
      std::find_if(set->places.begin(), end, [&](const remembered& r) { return r.of == of; });
  return found == end ? std::nullopt : std::optional(found->said);
}

void token_memory::keep(const print& of, const signed_claims& said) {
  const auto number = set_of(of);
  const std::lock_guard lock(mutexes_[number % locks]);
  auto& set = sets_[number];
  if (!set) {
    set = std::make_unique<token_set>();
  }
  const auto end = set->places.begin() + static_cast<std::ptrdiff_t>(set->used);
  if (std::any_of(set->places.begin(), end, [&](const remembered& r) { return r.of == of; })) {
    return;  // another thread was quicker
  }
  set->places[set->next] = {of, said};
  set->next = (set->next + 1) % set_size;
  set->used = std::min(set->used + 1, set_size);
}

}  // namespace greenroom::security

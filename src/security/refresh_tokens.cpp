// SPDX-License-Identifier: MIT
/// Refresh tokens, and how one is known that was used long ago.
#include "security/encodings.hpp"
#include "security/tokens.hpp"

namespace greenroom::security {

namespace {

constexpr std::size_t text_bytes_max = 4096;
constexpr std::size_t id_bytes = 16;
constexpr std::size_t secret_bytes = 32;
constexpr std::size_t generation_bytes = 4;
constexpr std::size_t seal_bytes = 16;
/// Two ids and a secret; those of a chain have two parts more.
constexpr std::size_t plain_bytes = 2 * id_bytes + secret_bytes;
constexpr std::size_t chained_bytes = plain_bytes + generation_bytes + seal_bytes;

std::string big_endian(std::uint32_t number) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8)
    bytes += static_cast<char>(number >> shift & 0xffU);
  return bytes;
}

std::uint32_t number_of(std::string_view bytes) noexcept {
  std::uint32_t number = 0;
  for (const char c : bytes)
    number = number << 8U | static_cast<unsigned char>(c);
  return number;
}

/// Of everything in front of it. Another purpose of the same key has another first word.
std::string seal_of(std::string_view key, std::string_view bytes) {
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> mac{};
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, bytes_of(key), key.size());
  constexpr std::string_view purpose = "greenroom refresh token:";
  crypto_auth_hmacsha256_update(&state, bytes_of(purpose), purpose.size());
  crypto_auth_hmacsha256_update(&state, bytes_of(bytes), bytes.size());
  crypto_auth_hmacsha256_final(&state, mac.data());
  return {reinterpret_cast<const char*>(mac.data()), seal_bytes};
}

void fill_hash(refresh_token& t) {
  crypto_hash_sha256(t.hash.data(), bytes_of(t.text), t.text.size());
  if (!t.generation) return;
  const auto place = big_endian(*t.generation);
  std::copy(place.begin(), place.end(), t.hash.end() - generation_bytes);
}

refresh_token make(const uuid& user_id, const uuid& session_id, std::string bytes,
                   std::optional<std::uint32_t> generation) {
  refresh_token t;
  t.user_id = user_id;
  t.session_id = session_id;
  t.generation = generation;
  t.text = to_base64url(bytes);
  fill_hash(t);
  return t;
}

tl::unexpected<error> refused() {
  return fail(ec::unauthorized, "the token is not valid");
}

std::string new_bytes(const uuid& user_id, const uuid& session_id) {
  return std::string(user_id.raw()) + std::string(session_id.raw()) + random_bytes(secret_bytes);
}

}  // namespace

refresh_token make_refresh_token(const uuid& user_id, const uuid& session_id) {
  return make(user_id, session_id, new_bytes(user_id, session_id), std::nullopt);
}

refresh_token make_refresh_token(const uuid& user_id, const uuid& session_id, std::string_view key,
                                 std::uint32_t generation) {
  auto bytes = new_bytes(user_id, session_id) + big_endian(generation);
  bytes += seal_of(key, bytes);
  return make(user_id, session_id, std::move(bytes), generation);
}

expected<refresh_token> parse_refresh_token(std::string_view text) {
  if (text.size() > text_bytes_max) return refused();
  const auto bytes = from_base64url(text);
  if (!bytes || (bytes->size() != plain_bytes && bytes->size() != chained_bytes)) return refused();
  const std::string_view all = *bytes;
  refresh_token t;
  t.user_id = uuid::from_raw(all.substr(0, id_bytes));
  t.session_id = uuid::from_raw(all.substr(id_bytes, id_bytes));
  t.text = text;
  if (all.size() == chained_bytes)
    t.generation = number_of(all.substr(plain_bytes, generation_bytes));
  fill_hash(t);
  return t;
}

std::uint32_t generation_in(std::span<const std::uint8_t, 32> hash) noexcept {
  const auto last = hash.last<generation_bytes>();
  return number_of({reinterpret_cast<const char*>(last.data()), last.size()});
}

bool is_genuine(const refresh_token& token, std::string_view key) {
  const auto bytes = from_base64url(token.text);
  if (!bytes || bytes->size() != chained_bytes) return false;
  const auto sealed = std::string_view(*bytes).substr(0, chained_bytes - seal_bytes);
  const auto seal = seal_of(key, sealed);
  return sodium_memcmp(seal.data(), bytes->data() + sealed.size(), seal_bytes) == 0;
}

}  // namespace greenroom::security

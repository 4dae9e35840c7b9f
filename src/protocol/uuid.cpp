// SPDX-License-Identifier: MIT
#include "protocol/uuid.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "protocol/sha1.hpp"

namespace greenroom {

namespace {

constexpr char hex_digits[] = "0123456789abcdef";

/// Value of a hexadecimal digit, -1 for anything else.
constexpr int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr bool dash_before(std::size_t byte) noexcept {
  return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void set_version(uuid& id, std::uint8_t version) noexcept {
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0f) | (version << 4));
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
}

/// libsodium wants to be initialised once before use; doing it again is harmless.
void ensure_sodium() noexcept {
  static const int state = sodium_init();
  if (state < 0) std::abort();  // no randomness: nothing that follows would be safe
}

/// The secret of this process's hash tables.
struct hash_key {
  std::array<unsigned char, crypto_shorthash_KEYBYTES> bytes;
  hash_key() noexcept {
    ensure_sodium();
    crypto_shorthash_keygen(bytes.data());
  }
};

using id_randomness = std::array<std::uint8_t, 10>;

/// From the system's generator, which is asked once for many.
id_randomness random_part() {
  struct store {
    std::array<id_randomness, 64> parts;
    std::size_t left = 0;
  };
  static thread_local store ready;
  if (ready.left == 0) {
    ensure_sodium();
    randombytes_buf(ready.parts.data(), sizeof ready.parts);
    ready.left = ready.parts.size();
  }
  return std::exchange(ready.parts[--ready.left], {});
}

}  // namespace

const uuid id_namespace{{0x6b, 0xa7, 0xb8, 0x12, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0,
                         0x4f, 0xd4, 0x30, 0xc8}};

bool uuid::is_nil() const noexcept {
  return *this == uuid{};
}

std::string uuid::str() const {
  std::string text(36, '-');
  std::size_t at = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (dash_before(i)) ++at;
    text[at++] = hex_digits[bytes[i] >> 4];
    text[at++] = hex_digits[bytes[i] & 0x0f];
  }
  return text;
}

std::optional<uuid> uuid::parse(std::string_view text) noexcept {
  if (text.size() != 36) return std::nullopt;
  uuid id;
  std::size_t at = 0;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    if (dash_before(i) && text[at++] != '-') return std::nullopt;
    const int high = hex_value(text[at]);
    const int low = hex_value(text[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
    at += 2;
  }
  return id;
}

std::string_view uuid::raw() const noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

uuid uuid::from_raw(std::string_view raw) noexcept {
  uuid id;
  std::memcpy(id.bytes.data(), raw.data(), std::min(raw.size(), id.bytes.size()));
  return id;
}

uuid uuid::v5(const uuid& ns, std::string_view name) {
  std::string input;
  input.reserve(16 + name.size());
  input.append(ns.raw()).append(name);
  const auto digest = sha1(input);
  uuid id;
  std::memcpy(id.bytes.data(), digest.data(), id.bytes.size());
  set_version(id, 5);
  return id;
}

uuid uuid::v7(std::int64_t unix_ms, const std::array<std::uint8_t, 10>& randomness) noexcept {
  uuid id;
  for (std::size_t i = 0; i < 6; ++i) {
    id.bytes[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(unix_ms) >> (40 - 8 * i));
  }
  std::memcpy(id.bytes.data() + 6, randomness.data(), randomness.size());
  set_version(id, 7);
  return id;
}

uuid user_id_of(std::string_view username) {
  return uuid::v5(id_namespace, std::string("greenroom:user:").append(username));
}

uuid room_id_of_alias(std::string_view alias) {
  return uuid::v5(id_namespace, std::string("greenroom:room:").append(alias));
}

uuid direct_room_id(const uuid& a, const uuid& b) {
  const auto& smaller = a < b ? a : b;
  const auto& larger = a < b ? b : a;
  return uuid::v5(id_namespace, "greenroom:direct:" + smaller.str() + ":" + larger.str());
}

uuid room_id_of_creation(const uuid& creator, const uuid& message_id) {
  return uuid::v5(id_namespace, "greenroom:room-of:" + creator.str() + ":" + message_id.str());
}

uuid announcements_id_of(const uuid& user_id) {
  return uuid::v5(id_namespace, user_id.is_nil() ? std::string("greenroom:announcements")
                                                 : "greenroom:announcements:" + user_id.str());
}

uuid email_id_of(std::string_view address) {
  return uuid::v5(id_namespace, std::string("greenroom:email:").append(address));
}

uuid uuid_generator::operator()(std::int64_t unix_ms) {
  auto randomness = random_part();
  if (unix_ms > last_ms_) {
    last_ms_ = unix_ms;
    // The counter starts in its lower half, so that there is room to rise.
    counter_ = static_cast<std::uint16_t>((randomness[0] << 8 | randomness[1]) & 0x07ff);
  } else if (++counter_ > 0x0fff) {
    // 4096 ids within a millisecond: the time part runs ahead of the clock by one.
    ++last_ms_;
    counter_ = 0;
  }
  randomness[0] = static_cast<std::uint8_t>(counter_ >> 8);
  randomness[1] = static_cast<std::uint8_t>(counter_ & 0xff);
  return uuid::v7(last_ms_, randomness);
}

std::size_t uuid_hash::operator()(const uuid& id) const noexcept {
  static const hash_key key;
  static_assert(crypto_shorthash_BYTES == sizeof(std::size_t));
  std::size_t hash = 0;
  crypto_shorthash(reinterpret_cast<unsigned char*>(&hash), id.bytes.data(), id.bytes.size(),
                   key.bytes.data());
  return hash;
}

}  // namespace greenroom

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The payload of every message: "@T", 16 hex digits for the time it was sent (ns), 8 for its
/// sender, filler. Texts of servers hold no "@T" otherwise.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace greenroom::load {

inline constexpr std::size_t payload_head_bytes = 2 + 16 + 8;

inline void put_hex(char* to, std::uint64_t value, int digits) {
  for (int i = digits - 1; i >= 0; --i, value >>= 4)
    to[i] = "0123456789abcdef"[value & 15];
}

inline std::uint64_t get_hex(const char* from, int digits) {
  std::uint64_t value = 0;
  for (int i = 0; i < digits; ++i) {
    const auto c = static_cast<unsigned char>(from[i]);
    value = value << 4 | ((c & 15U) + (c >> 6U) * 9U);
  }
  return value;
}

inline bool is_payload(const char* p) {
  return p[0] == '@' && p[1] == 'T';
}
inline std::uint64_t sent_ns_of(const char* payload) {
  return get_hex(payload + 2, 16);
}
inline std::uint32_t sender_of(const char* payload) {
  return static_cast<std::uint32_t>(get_hex(payload + 18, 8));
}

/// The next payload whose head is complete, or null. Not memmem: for two bytes that goes byte by
/// byte.
inline const char* find_payload(const char* from, const char* end) {
  while (end - from >= static_cast<std::ptrdiff_t>(payload_head_bytes)) {
    from = static_cast<const char*>(std::memchr(from, '@', static_cast<std::size_t>(end - from)));
    if (from == nullptr || end - from < static_cast<std::ptrdiff_t>(payload_head_bytes)) break;
    if (from[1] == 'T') return from;
    ++from;
  }
  return nullptr;
}

/// Where `what` begins in the bytes from `from` to `end`, or null.
inline const char* find_text(const char* from, const char* end, std::string_view what) {
  return static_cast<const char*>(
      memmem(from, static_cast<std::size_t>(end - from), what.data(), what.size()));
}
inline const char* find_byte(const char* from, const char* end, char what) {
  return static_cast<const char*>(std::memchr(from, what, static_cast<std::size_t>(end - from)));
}
inline std::string_view text_between(const char* from, const char* end) {
  return {from, static_cast<std::size_t>(end - from)};
}

}  // namespace greenroom::load

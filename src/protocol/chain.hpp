// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What holds the log of a room together: each entry has a digest of what was written, and the room
/// the head of a chain over them. Who has the head can tell whether anything before it was changed,
/// left out or put in. Pure; for the rules that write it and for whoever checks an export. The
/// bytes that are hashed are specified in docs/storage.md, section 9.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/records.hpp"

namespace greenroom::protocol {

/// A SHA-256; all zero: none.
using digest = std::array<std::uint8_t, 32>;

digest sha256(std::string_view bytes) noexcept;
/// 64 digits in lower case.
std::string to_hex(const digest& d);
/// Exactly 64 digits, in either case.
std::optional<digest> digest_from_hex(std::string_view text) noexcept;

/// Of what a message says: ids, type, content, metadata, what it refers to, whom it mentions, and
/// whether it is deleted. Not of what others add to it (reactions, pins).
digest content_digest(const message& m);

/// An entry as it is hashed. The numbers are those of the stored record (docs/storage.md).
struct chained_entry {
  std::uint64_t seq = 0;
  unix_ms time = 0;
  uuid by;
  std::uint8_t kind = 0;
  std::uint64_t message_seq = 0;
  std::uint8_t change = 0;
  std::string_view emoji;
  std::uint8_t event = 0;
  uuid user_id;
  digest content{};  ///< of the message as the entry left it; zero where it says nothing new
};
digest entry_digest(const chained_entry& e);

/// The head of a chain after one more entry.
digest chained(const digest& head, const digest& entry) noexcept;

}  // namespace greenroom::protocol

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Identifiers. Every object of greenroom is named by a UUID (RFC 9562). Ids of things that have a
/// name (users, rooms with an alias) are derived from it with version 5, so that the name leads to
/// its shard without a look-up; messages and sessions are version 7, which sorts by time.

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace greenroom {

/// 128 bits in network order. Value type; the default value is the nil UUID.
struct uuid {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const uuid&) const = default;

  [[nodiscard]] bool is_nil() const noexcept;
  /// 36 characters, lower case, e.g. `018f6b1e-…`.
  [[nodiscard]] std::string str() const;
  /// Accepts exactly the 36-character form in either case; nothing else.
  static std::optional<uuid> parse(std::string_view text) noexcept;
  /// The 16 raw bytes, as keys use them.
  [[nodiscard]] std::string_view raw() const noexcept;
  /// `raw` must hold 16 bytes.
  static uuid from_raw(std::string_view raw) noexcept;
  /// RFC 9562 section 5.5: SHA-1 over namespace and name.
  static uuid v5(const uuid& ns, std::string_view name);
  /// RFC 9562 section 5.7 from a time in milliseconds and ten bytes of randomness.
  static uuid v7(std::int64_t unix_ms, const std::array<std::uint8_t, 10>& randomness) noexcept;
};

/// The namespace of all derived ids (RFC 9562: the DNS namespace).
extern const uuid id_namespace;

/// The id of the user with this (already folded) name.
uuid user_id_of(std::string_view username);
/// The id of the room with this (already folded) alias.
uuid room_id_of_alias(std::string_view alias);
/// The id of the direct room of two users; the order of the arguments does not matter.
uuid direct_room_id(const uuid& a, const uuid& b);
/// The id of a room without alias, from its creator and the creating request.
uuid room_id_of_creation(const uuid& creator, const uuid& message_id);
/// The id of the server's own room for one user's announcements; nil: of that for everybody.
uuid announcements_id_of(const uuid& user_id);
/// The id under which an e-mail address (already folded) is reserved.
uuid email_id_of(std::string_view address);

/// Version 7 ids from the system's randomness; rising within one millisecond of one generator
/// (method 1 of RFC 9562 section 6.2). One generator belongs to one thread at a time.
class uuid_generator {
 public:
  uuid operator()(std::int64_t unix_ms);

 private:
  std::int64_t last_ms_ = 0;
  std::uint16_t counter_ = 0;
};

/// Hash for containers whose keys clients can choose: seeded per process, so that colliding ids
/// cannot be prepared.
struct uuid_hash {
  std::size_t operator()(const uuid& id) const noexcept;
};

}  // namespace greenroom

template <>
struct std::hash<greenroom::uuid> : greenroom::uuid_hash {};

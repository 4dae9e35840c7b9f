// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What the value of a request's field must look like. A rule says no more than the protocol does
/// (docs/protocol.md, section 5); what depends on the state of the node is checked elsewhere.

#include <cstddef>
#include <cstdint>

#include "protocol/enum_names.hpp"
#include "protocol/limits.hpp"

namespace greenroom::protocol {

/// In what a text is measured.
enum class text_unit : std::uint8_t { bytes, chars };

/// Which characters a text may have, beyond being valid UTF-8.
enum class text_kind : std::uint8_t {
  any,         ///< kept byte for byte
  multi_line,  ///< no U+0000
  one_line,    ///< no control characters
};

struct text_rule {
  std::size_t min;
  std::size_t max;
  text_unit unit;
  text_kind kind;
};

/// `[a-z0-9._-]` after folding to lower case; characters.
struct name_rule {
  std::size_t min;
  std::size_t max;
};

/// One `@` with text on both sides; characters.
struct email_rule {
  std::size_t max;
  bool may_be_empty = false;  ///< empty: none
};

struct id_rule {};
struct flag_rule {};

struct number_rule {
  std::uint64_t min;
  std::uint64_t max;
};

/// The enumerators from `first` to `last`.
template <named_enum E>
struct enum_rule {
  E first;
  E last;
};

/// A list of ids.
struct id_list_rule {
  std::size_t max;
};

/// A map from ids to sequence numbers.
struct id_map_rule {
  std::size_t max;
};

/// An object of limits: `max_age_days`, `max_messages`, both optional.
struct retention_rule {
  number_rule days;
  number_rule messages;
};

/// Any JSON object, measured in bytes of its JSON text.
struct object_rule {
  std::size_t max_bytes;
};

namespace rules {

using enum text_unit;
using enum text_kind;

inline constexpr id_rule id{};
inline constexpr flag_rule flag{};
inline constexpr name_rule username{limits::username_chars_min, limits::username_chars_max};
inline constexpr name_rule alias{1, limits::alias_chars_max};
inline constexpr email_rule email{limits::email_chars_max};
inline constexpr email_rule changed_email{limits::email_chars_max, true};
inline constexpr text_rule new_password{limits::password_bytes_min, limits::password_bytes_max,
                                        bytes, any};
inline constexpr text_rule password{1, limits::password_bytes_max, bytes, any};
inline constexpr text_rule token{1, limits::token_bytes_max, bytes, one_line};
inline constexpr text_rule cursor{1, limits::cursor_bytes_max, bytes, one_line};
inline constexpr text_rule device_id{1, limits::device_id_bytes_max, bytes, one_line};
inline constexpr text_rule query{0, limits::query_bytes_max, bytes, one_line};
inline constexpr text_rule display_name{0, limits::display_name_chars_max, chars, one_line};
inline constexpr text_rule avatar_url{0, limits::avatar_url_bytes_max, bytes, one_line};
inline constexpr text_rule room_name{1, limits::room_name_chars_max, chars, one_line};
inline constexpr text_rule description{0, limits::description_chars_max, chars, multi_line};
inline constexpr text_rule topic{0, limits::topic_chars_max, chars, multi_line};
inline constexpr retention_rule retention{{1, limits::retention_days_max},
                                          {1, limits::retention_messages_max}};
inline constexpr text_rule content{0, limits::content_bytes_max, bytes, any};
inline constexpr text_rule emoji{1, limits::emoji_bytes_max, bytes, one_line};
inline constexpr number_rule seq{0, limits::seq_max};
inline constexpr number_rule page{1, limits::list_limit_max};
inline constexpr id_list_rule members{limits::members_at_creation_max};
inline constexpr id_list_rule watched{limits::presence_users_max};
inline constexpr id_map_rule rooms{limits::rooms_per_resume_max};
inline constexpr object_rule metadata{limits::metadata_bytes_max};
inline constexpr enum_rule new_room_type{room_type::group, room_type::open};
inline constexpr enum_rule client_message_type{message_type::text, message_type::file};
inline constexpr enum_rule mark_status{message_state::delivered, message_state::read};
inline constexpr enum_rule chosen_presence{presence_status::online, presence_status::dnd};
inline constexpr enum_rule scope{room_scope::joined, room_scope::invited};
inline constexpr enum_rule role{member_role::guest, member_role::owner};
inline constexpr enum_rule safety{send_safety::quorum, send_safety::all};

}  // namespace rules

}  // namespace greenroom::protocol

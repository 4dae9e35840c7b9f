// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Sizes that the protocol promises (docs/protocol.md, section 5). What an operator can change is
/// in src/config; these are fixed with the protocol version. Units are in the names; characters
/// are Unicode code points.

#include <cstddef>
#include <cstdint>

namespace greenroom::limits {

inline constexpr std::size_t username_chars_min = 3;
inline constexpr std::size_t username_chars_max = 32;
inline constexpr std::size_t alias_chars_max = 64;
inline constexpr std::size_t content_bytes_max = 16 * 1024;
inline constexpr std::size_t display_name_chars_max = 100;
inline constexpr std::size_t room_name_chars_max = 100;
inline constexpr std::size_t topic_chars_max = 1000;
inline constexpr std::size_t description_chars_max = 1000;
inline constexpr std::uint64_t retention_days_max = 36'500;
inline constexpr std::uint64_t retention_messages_max = 1'000'000'000;
inline constexpr std::size_t email_chars_max = 255;
inline constexpr std::size_t password_bytes_min = 8;
inline constexpr std::size_t password_bytes_max = 1024;
inline constexpr std::size_t metadata_bytes_max = 8 * 1024;
inline constexpr std::size_t members_at_creation_max = 200;
inline constexpr std::size_t rooms_per_resume_max = 1000;
inline constexpr std::size_t emoji_bytes_max = 64;
/// Different emoji on one message, and users who are named for each.
inline constexpr std::size_t reaction_kinds_max = 20;
inline constexpr std::size_t reaction_users_shown_max = 20;
/// Ids in each of the lists of a message_response.
inline constexpr std::size_t receivers_shown_max = 1000;
inline constexpr std::size_t device_id_bytes_max = 64;
inline constexpr std::size_t query_bytes_max = 256;
inline constexpr std::size_t avatar_url_bytes_max = 2048;
inline constexpr std::size_t presence_users_max = 500;
inline constexpr std::size_t list_limit_default = 50;
inline constexpr std::size_t list_limit_max = 200;
inline constexpr std::size_t document_depth_max = 32;
inline constexpr std::size_t document_bytes_max = 1024 * 1024;
inline constexpr std::size_t room_members_shown_max = 100;
inline constexpr std::size_t quiet_room_members_max = 200;
inline constexpr std::size_t token_bytes_max = 4096;
inline constexpr std::size_t cursor_bytes_max = 4096;
/// Values (scalars, lists and maps) in one document from a client, unknown fields included.
inline constexpr std::size_t document_values_max = 8192;
/// Values in a JSON body that is not a chat document.
inline constexpr std::size_t json_values_max = 20'000;
/// The largest sequence number that is accepted: one can be added to it without overflow.
inline constexpr std::uint64_t seq_max = 0x7fff'ffff'ffff'fffe;

}  // namespace greenroom::limits

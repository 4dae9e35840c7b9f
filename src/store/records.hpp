// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Values of the database to bytes and back (docs/storage.md specifies each).
///
/// A value is a version byte and one MessagePack array without field names. What the key says is
/// not repeated in the value, so decoding takes it as arguments. Fields are only ever appended:
/// an array that is shorter than expected leaves the defaults of chat/records.hpp, one that is
/// longer was written by a newer version and its extra fields are ignored. Trailing fields that
/// have their default are not written. Decoding is bounded by the size of the input; damage is an
/// error that names the record. All functions are pure and thread-safe.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "chat/records.hpp"
#include "protocol/error.hpp"
#include "store/log.hpp"

namespace greenroom::store {

std::string encode(const chat::user& v);
expected<chat::user> decode_user(const uuid& id, std::string_view bytes);

std::string encode(const chat::session& v);
expected<chat::session> decode_session(const uuid& user_id, const uuid& id, std::string_view bytes);

std::string encode(const chat::user_room& v);
expected<chat::user_room> decode_user_room(const uuid& user_id, const uuid& room_id,
                                           std::string_view bytes);

std::string encode(const chat::email_reservation& v);
expected<chat::email_reservation> decode_email(const uuid& id, std::string_view bytes);

std::string encode(const chat::room& v);
expected<chat::room> decode_room(const uuid& id, std::string_view bytes);

std::string encode(const chat::member& v);
expected<chat::member> decode_member(const uuid& user_id, std::string_view bytes);

std::string encode(const chat::outsider& v);
expected<chat::outsider> decode_outsider(const uuid& user_id, std::string_view bytes);

std::string encode(const chat::message& v);
expected<chat::message> decode_message(const uuid& room_id, std::uint64_t seq,
                                       std::string_view bytes);

/// What counting unread messages needs of a stored message; its texts are passed over.
struct message_glance {
  uuid sender_id;
  bool is_deleted = false;
  bool mentions = false;  ///< the user, or everybody in the room
};
expected<message_glance> glance_at_message(const uuid& room_id, const uuid& user_id,
                                           std::string_view bytes);

/// message_id: where the message is.
std::string encode_seq(std::uint64_t seq);
expected<std::uint64_t> decode_seq(std::string_view bytes);

std::string encode(const chat::room_entry& v);
expected<chat::room_entry> decode_entry(std::uint64_t seq, std::string_view bytes);

std::string encode(const chat::reaction_mark& v);
expected<chat::reaction_mark> decode_reaction(const uuid& message_id, std::string_view bytes);

std::string encode(const chat::device_mark& v);
expected<chat::device_mark> decode_device(const uuid& room_id, const uuid& id,
                                          std::string_view bytes);

std::string encode(const chat::webhook& v);
expected<chat::webhook> decode_webhook(const uuid& room_id, const uuid& id, std::string_view bytes);

std::string encode(const chat::dead_delivery& v);
expected<chat::dead_delivery> decode_dead(const uuid& hook_id, const uuid& id,
                                          std::string_view bytes);

std::string encode(const chat::dedup& v);
expected<chat::dedup> decode_dedup(const uuid& user_id, const uuid& message_id,
                                   std::string_view bytes);

std::string encode(const chat::outbox_item& v);
expected<chat::outbox_item> decode_outbox(std::uint64_t id, std::string_view bytes);

std::string encode(const hard_state& v);
expected<hard_state> decode_hard_state(std::string_view bytes);

/// How far a generation of a shard's state is.
struct progress {
  std::uint64_t applied_index = 0;
  unix_ms clock = 0;
  std::uint64_t last_outbox_id = 0;
  bool operator==(const progress&) const = default;
};
std::string encode(const progress& v);
expected<progress> decode_progress(std::string_view bytes);

std::string encode_generation(std::uint32_t generation);
expected<std::uint32_t> decode_generation(std::string_view bytes);

std::string encode(const log_mark& v);
expected<log_mark> decode_log_mark(std::string_view bytes);

/// raft_log is the exception: a fixed head, then the content as it is. `head` is what goes before
/// the content, which is not copied.
inline constexpr std::size_t log_head_bytes = 1 + 1 + 8;
std::array<char, log_head_bytes> encode_log_head(const log_entry& v) noexcept;
expected<log_entry> decode_log_entry(std::uint64_t index, std::string_view bytes);

}  // namespace greenroom::store

// SPDX-License-Identifier: MIT
#include "store/records.hpp"

#include "store/fields.hpp"
#include "store/packing.hpp"

namespace greenroom::store {

using packing::decode_as;
using packing::encode_as;

namespace {

/// A record of one number.
template <class Number>
struct single {
  Number value = 0;
};

auto fields(auto& v) requires requires {
  v.value;
}
{ return std::tie(v.value); }

}  // namespace

std::string encode(const chat::user& v) {
  return encode_as(v);
}

expected<chat::user> decode_user(const uuid& id, std::string_view bytes) {
  chat::user v;
  v.id = id;
  return decode_as("user", bytes, std::move(v));
}

std::string encode(const chat::session& v) {
  return encode_as(v);
}

expected<chat::session> decode_session(const uuid& user_id, const uuid& id,
                                       std::string_view bytes) {
  chat::session v;
  v.id = id;
  v.user_id = user_id;
  return decode_as("session", bytes, std::move(v));
}

std::string encode(const chat::user_room& v) {
  return encode_as(v);
}

expected<chat::user_room> decode_user_room(const uuid& user_id, const uuid& room_id,
                                           std::string_view bytes) {
  chat::user_room v;
  v.user_id = user_id;
  v.room_id = room_id;
  return decode_as("user_room", bytes, v);
}

std::string encode(const chat::email_reservation& v) {
  return encode_as(v);
}

expected<chat::email_reservation> decode_email(const uuid& id, std::string_view bytes) {
  chat::email_reservation v;
  v.id = id;
  return decode_as("email", bytes, v);
}

std::string encode(const chat::room& v) {
  return encode_as(v);
}

expected<chat::room> decode_room(const uuid& id, std::string_view bytes) {
  chat::room v;
  v.id = id;
  return decode_as("room", bytes, std::move(v));
}

std::string encode(const chat::member& v) {
  return encode_as(v);
}

expected<chat::member> decode_member(const uuid& user_id, std::string_view bytes) {
  chat::member v;
  v.user_id = user_id;
  return decode_as("member", bytes, v);
}

std::string encode(const chat::outsider& v) {
  return encode_as(v);
}

expected<chat::outsider> decode_outsider(const uuid& user_id, std::string_view bytes) {
  chat::outsider v;
  v.user_id = user_id;
  return decode_as("outsider", bytes, v);
}

std::string encode(const chat::message& v) {
  return encode_as(v);
}

expected<chat::message> decode_message(const uuid& room_id, std::uint64_t seq,
                                       std::string_view bytes) {
  chat::message v;
  v.room_id = room_id;
  v.seq = seq;
  return decode_as("message", bytes, std::move(v));
}

expected<message_glance> glance_at_message(const uuid& room_id, const uuid& user_id,
                                           std::string_view bytes) {
  // Places in fields(message).
  constexpr std::uint32_t sender_at = 0;
  constexpr std::uint32_t mentions_at = 9;
  constexpr std::uint32_t deleted_at = 12;
  return packing::decode_with(
      "message", bytes, message_glance{}, [&](const msgpack::object& from, message_glance& to) {
        const auto* part = from.via.array.ptr;
        const auto size = from.via.array.size;
        if (size > sender_at) packing::read(part[sender_at], to.sender_id);
        if (size > deleted_at) to.is_deleted = part[deleted_at].as<unix_ms>() != 0;
        if (size > mentions_at && part[mentions_at].type != msgpack::type::NIL) {
          std::vector<uuid> ids;
          packing::read(part[mentions_at], ids);
          to.mentions = std::find(ids.begin(), ids.end(), user_id) != ids.end() ||
                        std::find(ids.begin(), ids.end(), room_id) != ids.end();
        }
      });
}

std::string encode_seq(std::uint64_t seq) {
  return encode_as(single<std::uint64_t>{seq});
}

expected<std::uint64_t> decode_seq(std::string_view bytes) {
  return decode_as<single<std::uint64_t>>("message_id", bytes).map([](auto v) { return v.value; });
}

std::string encode(const chat::room_entry& v) {
  return encode_as(v);
}

expected<chat::room_entry> decode_entry(std::uint64_t seq, std::string_view bytes) {
  chat::room_entry v;
  v.seq = seq;
  return decode_as("room_log", bytes, std::move(v));
}

std::string encode(const chat::reaction_mark& v) {
  return encode_as(v);
}

expected<chat::reaction_mark> decode_reaction(const uuid& message_id, std::string_view bytes) {
  chat::reaction_mark v;
  v.message_id = message_id;
  return decode_as("reaction", bytes, std::move(v));
}

std::string encode(const chat::device_mark& v) {
  return encode_as(v);
}

expected<chat::device_mark> decode_device(const uuid& room_id, const uuid& id,
                                          std::string_view bytes) {
  chat::device_mark v;
  v.room_id = room_id;
  v.id = id;
  return decode_as("device", bytes, v);
}

std::string encode(const chat::webhook& v) {
  return encode_as(v);
}

expected<chat::webhook> decode_webhook(const uuid& room_id, const uuid& id,
                                       std::string_view bytes) {
  chat::webhook v;
  v.room_id = room_id;
  v.id = id;
  return decode_as("webhook", bytes, std::move(v));
}

std::string encode(const chat::dead_delivery& v) {
  return encode_as(v);
}

expected<chat::dead_delivery> decode_dead(const uuid& hook_id, const uuid& id,
                                          std::string_view bytes) {
  chat::dead_delivery v;
  v.hook_id = hook_id;
  v.id = id;
  return decode_as("webhook_dead", bytes, std::move(v));
}

std::string encode(const chat::dedup& v) {
  return encode_as(v);
}

expected<chat::dedup> decode_dedup(const uuid& user_id, const uuid& message_id,
                                   std::string_view bytes) {
  chat::dedup v;
  v.user_id = user_id;
  v.message_id = message_id;
  return decode_as("dedup", bytes, v);
}

std::string encode(const chat::outbox_item& v) {
  return encode_as(v);
}

expected<chat::outbox_item> decode_outbox(std::uint64_t id, std::string_view bytes) {
  chat::outbox_item v;
  v.id = id;
  return decode_as("outbox", bytes, v);
}

std::string encode(const hard_state& v) {
  return encode_as(v);
}

expected<hard_state> decode_hard_state(std::string_view bytes) {
  return decode_as<hard_state>("hard state", bytes);
}

std::string encode(const progress& v) {
  return encode_as(v);
}

expected<progress> decode_progress(std::string_view bytes) {
  return decode_as<progress>("progress", bytes);
}

std::string encode_generation(std::uint32_t generation) {
  return encode_as(single<std::uint32_t>{generation});
}

expected<std::uint32_t> decode_generation(std::string_view bytes) {
  return decode_as<single<std::uint32_t>>("generation", bytes).map([](auto v) { return v.value; });
}

std::string encode(const log_mark& v) {
  return encode_as(v);
}

expected<log_mark> decode_log_mark(std::string_view bytes) {
  auto v = decode_as<log_mark>("log_mark", bytes);
  if (v && (v->first == 0 || v->first > v->index + 1)) {
    return packing::damaged_record("log_mark", "it says more than it covers");
  }
  return v;
}

std::array<char, log_head_bytes> encode_log_head(const log_entry& v) noexcept {
  std::array<char, log_head_bytes> head{packing::format_version, static_cast<char>(v.type)};
  for (std::size_t i = 0; i < 8; ++i)
    head[2 + i] = static_cast<char>(v.term >> (56 - 8 * i) & 0xff);
  return head;
}

expected<log_entry> decode_log_entry(std::uint64_t index, std::string_view bytes) {
  const auto name = "raft_log entry " + std::to_string(index);
  if (bytes.size() < log_head_bytes) return packing::damaged_record(name, "it is too short");
  if (bytes.front() != packing::format_version)
    return packing::damaged_record(name, "its format version is unknown");
  log_entry v;
  v.index = index;
  v.type = static_cast<std::uint8_t>(bytes[1]);
  for (std::size_t i = 0; i < 8; ++i)
    v.term = v.term << 8 | static_cast<std::uint8_t>(bytes[2 + i]);
  v.data = std::make_shared<const std::string>(bytes.substr(log_head_bytes));
  return v;
}

}  // namespace greenroom::store

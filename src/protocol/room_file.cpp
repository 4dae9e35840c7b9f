// SPDX-License-Identifier: MIT
#include "protocol/room_file.hpp"

#include "protocol/time.hpp"

namespace greenroom::protocol::room_file {

using nlohmann::json;

const json& member_of(const json& line, const char* name) {
  static const json none;
  const auto it = line.find(name);
  return it == line.end() ? none : *it;
}

std::uint64_t number_in(const json& line, const char* name) {
  const auto& v = member_of(line, name);
  if (!v.is_number_unsigned()) throw bad_line{std::string(name) + " is not a number"};
  return v.get<std::uint64_t>();
}

std::string text_in(const json& line, const char* name) {
  const auto& v = member_of(line, name);
  if (v.is_null()) return {};
  if (!v.is_string()) throw bad_line{std::string(name) + " is not a text"};
  return v.get<std::string>();
}

std::optional<uuid> id_or_none(const json& value, const char* name) {
  if (value.is_null()) return std::nullopt;
  auto id = value.is_string() ? uuid::parse(value.get<std::string>()) : std::nullopt;
  if (!id) throw bad_line{std::string(name) + " is not a UUID"};
  return id;
}

uuid id_in(const json& line, const char* name) {
  return id_or_none(member_of(line, name), name).value_or(uuid{});
}

digest digest_in(const json& line, const char* name) {
  const auto& v = member_of(line, name);
  if (v.is_null()) return {};
  const auto d = v.is_string() ? digest_from_hex(v.get<std::string>()) : std::nullopt;
  if (!d) throw bad_line{std::string(name) + " is not a SHA-256"};
  return *d;
}

bool flag_in(const json& line, const char* name) {
  const auto& v = member_of(line, name);
  if (v.is_null()) return false;
  if (!v.is_boolean()) throw bad_line{std::string(name) + " is neither true nor false"};
  return v.get<bool>();
}

unix_ms time_in(const json& line, const char* name) {
  const auto text = text_in(line, name);
  if (text.empty()) return 0;
  const auto time = parse_time(text);
  if (!time) throw bad_line{std::string(name) + " is not a time"};
  return *time;
}

message message_in(const json& v) {
  message m;
  m.id = id_in(v, "id");
  m.message_id = id_in(v, "message_id");
  m.sender_id = id_in(v, "sender_id");
  m.seq = number_in(v, "seq");
  m.type = enum_in<message_type>(v, "message_type");
  m.content = text_in(v, "content");
  m.metadata = member_of(v, "metadata");
  m.reply_to = id_or_none(member_of(v, "reply_to"), "reply_to");
  m.thread = id_or_none(member_of(v, "thread"), "thread");
  for (const auto& who : member_of(v, "mentions"))
    m.mentions.push_back(id_or_none(who, "mentions").value_or(uuid{}));
  m.deleted_at = member_of(v, "deleted_at").is_null() ? 0 : 1;
  return m;
}

}  // namespace greenroom::protocol::room_file

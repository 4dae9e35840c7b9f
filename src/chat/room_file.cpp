// SPDX-License-Identifier: MIT
#include "chat/room_file.hpp"

#include "protocol/codec.hpp"
#include "protocol/limits.hpp"
#include "protocol/room_file.hpp"
#include "protocol/text.hpp"

namespace greenroom::chat {

namespace {

using nlohmann::json;
using namespace protocol::room_file;

std::string short_text(const json& line, const char* name, std::size_t chars_max) {
  auto text = text_in(line, name);
  if (protocol::count_chars(text) > chars_max) throw bad_line{std::string(name) + " is too long"};
  return text;
}

protocol::room_retention retention_in(const json& v) {
  protocol::room_retention kept;
  if (!v.is_object()) return kept;
  if (!member_of(v, "max_age_days").is_null()) kept.max_age_days = number_in(v, "max_age_days");
  if (!member_of(v, "max_messages").is_null()) kept.max_messages = number_in(v, "max_messages");
  return kept;
}

void take_room(const json& line, restore_room& to) {
  if (number_in(line, "format") != known_format) throw bad_line{"this format is unknown"};
  const auto& v = member_of(line, "room");
  if (!v.is_object()) throw bad_line{"room is no record"};
  to.original = id_in(v, "id");
  if (to.original.is_nil()) throw bad_line{"the room has no id"};
  room r;
  r.name = short_text(v, "name", limits::room_name_chars_max);
  r.alias = short_text(v, "alias", limits::alias_chars_max);
  if (!r.alias.empty() && protocol::fold_name(r.alias, 1, limits::alias_chars_max) != r.alias)
    throw bad_line{"alias is none"};
  r.description = short_text(v, "description", limits::description_chars_max);
  r.topic = short_text(v, "topic", limits::topic_chars_max);
  r.type = enum_in<room_type>(v, "room_type");
  r.is_private = flag_in(v, "is_private");
  r.archived = flag_in(v, "archived");
  r.created_by = id_in(v, "created_by");
  r.created_at = time_in(v, "created_at");
  r.retention = retention_in(member_of(v, "retention"));
  r.last_seq = number_in(line, "last_seq");
  r.purged_seq = number_in(line, "purged_seq");
  r.chain_from = number_in(line, "chain_from");
  r.anchor = digest_in(line, "anchor");
  if (r.purged_seq > r.last_seq || r.last_seq > limits::seq_max)
    throw bad_line{"these seqs cannot be"};
  // Whoever forges a file would only have to say that it is so old.
  if (r.chain_from == 0 || r.chain_from > r.purged_seq + 1)
    throw bad_line{"its entries do not all have digests, so nothing proves them: chain_from"};
  to.head = std::move(r);
}

message object_in(const json& v) {
  const auto shown = message_in(v);
  message m;
  m.id = shown.id;
  m.seq = shown.seq;
  say(m, shown);
  m.deleted_at = shown.deleted_at;
  if (m.id.is_nil()) throw bad_line{"the message has no id"};
  // Nobody else looks at it, and every history shows it.
  if (m.content.size() > limits::content_bytes_max) throw bad_line{"content is too long"};
  if (m.metadata.dump(-1, ' ', false, json::error_handler_t::replace).size() >
      limits::metadata_bytes_max)
    throw bad_line{"metadata is too large"};
  return m;
}

void take_entry(const json& line, restore_room& to) {
  restored_entry x;
  auto& e = x.entry;
  e.seq = number_in(line, "seq");
  e.time = time_in(line, "time");
  e.by = id_in(line, "by");
  e.digest = digest_in(line, "digest");
  const auto kind = text_in(line, "kind");
  if (kind == "membership") {
    e.kind = room_entry::what::membership;
    e.event = enum_in<room_event_kind>(line, "event");
    e.user_id = id_in(line, "user_id");
  } else if (kind == "message" || kind == "change") {
    e.kind = kind == "message" ? room_entry::what::message : room_entry::what::message_change;
    e.message_seq = number_in(line, "message_seq");
    e.content = digest_in(line, "content");
    if (kind == "change") {
      e.change = enum_in<protocol::message_change>(line, "change");
      e.emoji = text_in(line, "emoji");
      if (e.emoji.size() > limits::emoji_bytes_max) throw bad_line{"emoji is too long"};
    }
    if (const auto& v = member_of(line, "message"); v.is_object()) {
      x.object = object_in(v);
      x.content_seq = number_in(line, "content_seq");
      if (x.object->seq != e.message_seq) throw bad_line{"this is another message"};
    } else if (!v.is_null()) {
      throw bad_line{"message is no message"};
    }
  } else {
    throw bad_line{"kind is unknown"};
  }
  to.entries.push_back(std::move(x));
}

void take_member(const json& line, restore_room& to) {
  member m;
  m.user_id = id_in(line, "user_id");
  if (m.user_id.is_nil()) throw bad_line{"the member has no id"};
  m.role = enum_in<member_role>(line, "role");
  m.joined_at = time_in(line, "joined_at");
  m.joined_seq = number_in(line, "joined_seq");
  m.delivered_seq = number_in(line, "delivered_seq");
  m.read_seq = number_in(line, "read_seq");
  to.members.push_back({m});
}

/// Lines come in this order, each kind behind the one before.
void take_line(const json& line, restore_room& to) {
  const auto what = text_in(line, "line");
  if (to.ends) throw bad_line{"there is something behind the end"};
  const bool has_people = to.closes || !to.lost.empty() || !to.members.empty();
  if (what == "room") {
    if (to.head || !to.entries.empty() || has_people) throw bad_line{"the room comes first"};
    take_room(line, to);
  } else if (what == "entry") {
    if (has_people) throw bad_line{"an entry behind the end of the entries"};
    take_entry(line, to);
  } else if (what == "chain") {
    if (has_people) throw bad_line{"the end of the entries is out of its place"};
    to.closes = true;
    to.last_seq = number_in(line, "last_seq");
    to.chain = digest_in(line, "chain");
  } else if (what == "lost") {
    if (!to.members.empty()) throw bad_line{"what is lost comes before the members"};
    to.lost.push_back(number_in(line, "message_seq"));
  } else if (what == "member") {
    take_member(line, to);
  } else if (what == "end") {
    to.ends = true;
  } else {
    throw bad_line{"a line of this kind is unknown"};
  }
}

error too_much(std::size_t limit, const char* of_what) {
  error e{ec::too_large, "a part has at most " + std::to_string(limit) + " " + of_what, {}};
  e.details.field = "lines";
  e.details.limit = static_cast<std::int64_t>(limit);
  return e;
}

error wrong(std::size_t number, const std::string& why) {
  error e{ec::invalid_message, "line " + std::to_string(number) + " of this part: " + why, {}};
  e.details.field = "lines";
  return e;
}

}  // namespace

expected<restore_room> read_room_lines(std::string_view lines) {
  if (lines.size() > restored_bytes_max)
    return tl::unexpected(too_much(restored_bytes_max, "bytes"));
  restore_room read;
  std::size_t number = 0;
  while (!lines.empty()) {
    const auto end = lines.find('\n');
    const auto text = lines.substr(0, end);
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
    if (++number > restored_lines_max) return tl::unexpected(too_much(restored_lines_max, "lines"));
    const auto line = protocol::parse_json(text);
    if (!line) return tl::unexpected(wrong(number, line.error().message));
    if (!line->is_object())
      return tl::unexpected(wrong(number, "this is no line of a room's file"));
    try {
      take_line(*line, read);
    } catch (const bad_line& bad) {
      return tl::unexpected(wrong(number, bad.what));
    }
  }
  if (number == 0) return tl::unexpected(wrong(1, "there is nothing"));
  return read;
}

}  // namespace greenroom::chat

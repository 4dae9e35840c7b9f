// SPDX-License-Identifier: MIT
/// A room as lines of JSON (docs/protocol.md, section 7.1), part by part: its head, its entries
/// with their messages as they are now, the head of the chain at the end of them, its members.

#include <algorithm>

#include "actors/room.hpp"
#include "chat/apply.hpp"
#include "protocol/codec.hpp"
#include "protocol/enum_names.hpp"
#include "telemetry/security_log.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::uint32_t part_lines_max = 500;
constexpr std::size_t part_bytes_max = 512 * 1024;
/// Of the lines; a reader of another one refuses.
constexpr int file_format = 1;

void add(std::string& lines, const ordered_json& line) {
  lines += line.dump(-1, ' ', false, json::error_handler_t::replace);
  lines += '\n';
}

json text_or_null(const uuid& id) {
  return id.is_nil() ? json() : json(id.str());
}

json hex_or_null(const protocol::digest& d) {
  return d == protocol::digest{} ? json() : json(protocol::to_hex(d));
}

ordered_json head_line(const chat::room& r) {
  return {{"line", "room"},
          {"format", file_format},
          {"exported_at", format_time(now_ms())},
          {"last_seq", r.last_seq},
          {"chain", protocol::to_hex(r.chain)},
          {"purged_seq", r.purged_seq},
          {"anchor", protocol::to_hex(r.anchor)},
          {"chain_from", r.chain_from},
          {"room", protocol::answer_to_json(
                       protocol::room_response{chat::view(r, true), std::nullopt}, false)["room"]}};
}

std::string_view kind_of(const chat::room_entry& e) {
  switch (e.kind) {
    case chat::room_entry::what::message:
      return "message";
    case chat::room_entry::what::message_change:
      return "change";
    case chat::room_entry::what::membership:
      break;
  }
  return "membership";
}

/// `content_seq`: the entry that made the message say what it says now.
ordered_json entry_line(const chat::room_entry& e, const std::optional<chat::message>& m) {
  ordered_json line{{"line", "entry"},
                    {"seq", e.seq},
                    {"time", format_time(e.time)},
                    {"by", text_or_null(e.by)},
                    {"kind", kind_of(e)}};
  if (e.kind == chat::room_entry::what::membership) {
    line["event"] = protocol::enum_name(e.event);
    line["user_id"] = text_or_null(e.user_id);
  } else {
    line["message_seq"] = e.message_seq;
    if (e.kind == chat::room_entry::what::message_change) {
      line["change"] = protocol::enum_name(e.change);
      if (!e.emoji.empty()) line["emoji"] = e.emoji;
    }
    line["content"] = hex_or_null(e.content);
  }
  line["digest"] = hex_or_null(e.digest);
  if (m) {
    line["content_seq"] = std::max({m->seq, m->edited_seq, m->deleted_seq});
    line["message"] =
        protocol::answer_to_json(protocol::message_response{chat::view(*m)}, false)["message"];
  } else if (e.kind != chat::room_entry::what::membership) {
    line["message"] = nullptr;
  }
  return line;
}

ordered_json member_line(const chat::member& m) {
  return {{"line", "member"},
          {"user_id", m.user_id.str()},
          {"role", protocol::enum_name(m.role)},
          {"joined_at", format_time(m.joined_at)},
          {"joined_seq", m.joined_seq},
          {"delivered_seq", m.delivered_seq},
          {"read_seq", m.read_seq}};
}

tl::unexpected<error> begin_again() {
  return fail(ec::conflict,
              "the room's retention has taken what comes next: begin the export again");
}

}  // namespace

void room::on(const asked& a, const room_export& c) {
  if (!c.sender.is_nil()) {
    export_messages(a, c);
    return;
  }
  if (const auto bad = refusal_of(a, chat::action::export_room)) {
    answer(a, *bad);
    return;
  }
  if (c.after_member) {
    answer(a, answered{members_of_file(c), false});
    return;
  }
  if (!c.after_seq) {
    telemetry::note_security(
        {.what = "room_exported",
         .text = "room " + id().str() + " is exported by " + a.what->from.user_id.str(),
         .user = a.what->from.user_id.str(),
         .is_warning = false});
  }
  auto part = entries_of_file(c);
  if (part) {
    answer(a, answered{std::move(*part), false});
  } else {
    answer(a, part.error());
  }
}

/// The store may go on meanwhile: what was read is the end only if the room, read last, says so.
expected<protocol::room_export_response> room::entries_of_file(const room_export& c) const {
  protocol::room_export_response part;
  const auto before = reader().find_room(id());
  if (!before) {
    return begin_again();
  }
  if (!c.after_seq) {
    add(part.lines, head_line(*before));
  }
  const auto first = c.after_seq.value_or(before->purged_seq);
  const auto limit = std::clamp<std::uint32_t>(c.limit, 1, part_lines_max);
  auto at = first;
  if (first < before->last_seq) {
    for (const auto& e : reader().entries(id(), first + 1, before->last_seq, limit)) {
      if (e.seq != at + 1) {
        return begin_again();
      }
      std::optional<chat::message> m;
      if (e.kind != chat::room_entry::what::membership) {
        m = reader().find_message(id(), e.message_seq);
      }
      add(part.lines, entry_line(e, m));
      at = e.seq;
      if (part.lines.size() >= part_bytes_max) {
        break;
      }
    }
  }
  const auto after = reader().find_room(id());
  if (!after || after->purged_seq > first ||
      (at == first && at < after->last_seq && first < before->last_seq)) {
    return begin_again();
  }
  if (at < after->last_seq) {
    part.next = "after_seq=" + std::to_string(at) + "&limit=" + std::to_string(limit);
    return part;
  }
  add(part.lines, {{"line", "chain"},
                   {"last_seq", after->last_seq},
                   {"chain", protocol::to_hex(after->chain)}});
  part.next = "after_member=" + uuid{}.str() + "&limit=" + std::to_string(limit);
  return part;
}

protocol::room_export_response room::members_of_file(const room_export& c) const {
  protocol::room_export_response part;
  const auto limit = std::clamp<std::uint32_t>(c.limit, 1, part_lines_max);
  const auto after = c.after_member->is_nil() ? std::nullopt : c.after_member;
  const auto found = reader().members(id(), after, limit);
  for (const auto& m : found) {
    add(part.lines, member_line(m));
  }
  if (found.size() < limit) {
    add(part.lines, {{"line", "end"}});
  } else {
    part.next = "after_member=" + found.back().user_id.str() + "&limit=" + std::to_string(limit);
  }
  return part;
}

}  // namespace greenroom::actors

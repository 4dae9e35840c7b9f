// SPDX-License-Identifier: MIT
#include "cli/room_cut_people.hpp"

#include <algorithm>

#include "protocol/room_file.hpp"

namespace greenroom::cli {

using nlohmann::json;
using protocol::member_role;
using protocol::room_event_kind;
using namespace protocol::room_file;

void people_gathered::take_room(const json& line) {
  const auto& room = member_of(line, "room");
  purged_seq_ = number_in(line, "purged_seq");
  is_direct_ = enum_in<protocol::room_type>(room, "room_type") == protocol::room_type::direct;
  of_server_ = id_in(room, "created_by").is_nil();
  created_at_ = text_in(room, "created_at");
}

void people_gathered::take_entry(const json& line) {
  const bool is_later = number_in(line, "seq") > to_;
  if (text_in(line, "kind") == "membership") {
    const auto id = id_in(line, "user_id");
    const auto event = enum_in<room_event_kind>(line, "event");
    if (id.is_nil() || event == room_event_kind::updated || event == room_event_kind::deleted)
      return;
    auto& p = people_[id];
    if (is_later) {
      happened_later(p, event);
    } else {
      happened(p, event, line);
    }
    return;
  }
  // Only members say something. (Deleting proves nothing: whoever restores a room does it too.)
  const auto by = id_in(line, "by");
  if (is_later || by.is_nil() || text_in(line, "change") == "deleted") return;
  if (auto& p = people_[by]; p.at_cut == standing::unknown) p.at_cut = standing::member;
}

void people_gathered::take_member(const json& line) {
  auto& p = people_[id_in(line, "user_id")];
  p.line = line;
  p.line_joined_seq = number_in(line, "joined_seq");
}

void people_gathered::happened(person& p, room_event_kind event, const json& line) {
  const auto comes_in = [&](std::optional<member_role> role) {
    p.at_cut = standing::member;
    p.joined_seq = number_in(line, "seq");
    p.joined_at = text_in(line, "time");
    p.role = role;
    p.role_changed = false;
  };
  const auto first_role = of_server_ ? member_role::guest : member_role::member;
  switch (event) {
    case room_event_kind::created:
      comes_in(of_server_ || is_direct_ ? first_role : member_role::owner);
      break;
    case room_event_kind::joined:
      // What an invitation makes of somebody is not in its entry; and one of before the file's
      // first entry cannot be seen.
      comes_in(p.at_cut == standing::invited || (p.at_cut == standing::unknown && purged_seq_ > 0)
                   ? std::nullopt
                   : std::optional(first_role));
      break;
    case room_event_kind::invited:
      p.at_cut = standing::invited;
      break;
    case room_event_kind::role:
      p.at_cut = standing::member;
      p.role_changed = true;
      break;
    case room_event_kind::left:
    case room_event_kind::removed:
    case room_event_kind::banned:
    case room_event_kind::unbanned:
      p.at_cut = standing::none;
      break;
    case room_event_kind::updated:
    case room_event_kind::deleted:
      break;
  }
}

void people_gathered::happened_later(person& p, room_event_kind event) const {
  if (event == room_event_kind::role) p.role_changed_later = true;
  if (p.later != hint::nothing) return;
  switch (event) {
    case room_event_kind::created:
    case room_event_kind::joined:
    case room_event_kind::invited:
    case room_event_kind::unbanned:
      p.later = hint::was_none;
      break;
    case room_event_kind::role:
      p.later = hint::was_member;
      break;
    case room_event_kind::left:
    case room_event_kind::removed:
      p.later = hint::has_gone;
      break;
    case room_event_kind::banned:
      p.later = hint::was_banned;
      break;
    case room_event_kind::updated:
    case room_event_kind::deleted:
      break;
  }
}

bool people_gathered::stays(const person& p) const {
  return p.line && p.line_joined_seq <= to_;
}

std::optional<bool> people_gathered::was_member(const person& p) const {
  if (stays(p)) return true;
  // Nothing happened to him behind the cut, and at the end he is none.
  if (p.later == hint::nothing && !p.line) return false;
  if (p.at_cut != standing::unknown) return p.at_cut == standing::member;
  switch (p.later) {
    case hint::nothing:
    case hint::was_none:
      return false;
    case hint::was_member:
      return true;
    case hint::has_gone:
      // One of those with whom the room was made; else perhaps an invitation that nobody sees.
      if (purged_seq_ == 0) return true;
      break;
    case hint::was_banned:
      break;  // that is done to strangers too
  }
  return std::nullopt;
}

std::optional<member_role> people_gathered::role_of(const person& p) const {
  if (stays(p) && !p.role_changed_later) return enum_in<member_role>(*p.line, "role");
  if (p.role_changed) return std::nullopt;
  if (p.joined_seq != 0) return p.role;
  if (purged_seq_ > 0) return std::nullopt;
  // He was in it from the beginning, but has not made it.
  return of_server_ ? member_role::guest : member_role::member;
}

json people_gathered::line_of(const uuid& id, const person& p, member_role role) const {
  json line{{"line", "member"}, {"user_id", id.str()}, {"role", protocol::enum_name(role)}};
  if (stays(p)) {
    line["joined_at"] = member_of(*p.line, "joined_at");
    line["joined_seq"] = p.line_joined_seq;
    line["delivered_seq"] = std::min(number_in(*p.line, "delivered_seq"), to_);
    line["read_seq"] = std::min(number_in(*p.line, "read_seq"), to_);
    return line;
  }
  // What he had read is not known: nothing since he came in.
  const auto since = p.joined_seq != 0 ? p.joined_seq : std::max<std::uint64_t>(purged_seq_, 1);
  line["joined_at"] = p.joined_seq != 0 ? p.joined_at : created_at_;
  line["joined_seq"] = line["delivered_seq"] = line["read_seq"] = since;
  return line;
}

people_then people_gathered::then() const {
  people_then out;
  out.has_owner = is_direct_ || of_server_;  // these have none
  for (const auto& [id, p] : people_) {
    const auto is_in = was_member(p);
    if (!is_in) out.unsure.push_back(id);
    if (!is_in.value_or(false)) continue;
    const auto role = role_of(p);
    if (!role) out.without_role.push_back(id);
    out.has_owner = out.has_owner || role == member_role::owner;
    out.lines.push_back(line_of(id, p, role.value_or(member_role::member)));
  }
  return out;
}

}  // namespace greenroom::cli

// SPDX-License-Identifier: MIT
#include "net/room_export_routes.hpp"

#include <charconv>

namespace greenroom::net {

namespace {

constexpr std::uint32_t limit_max = 500;

/// The value of a query's number; none when it is not given.
expected<std::optional<std::uint64_t>> number_in(const asked& a, const char* name) {
  const auto it = a.query.find(name);
  if (it == a.query.end()) return std::optional<std::uint64_t>{};
  std::uint64_t value = 0;
  const auto* end = it->second.data() + it->second.size();
  const auto parsed = std::from_chars(it->second.data(), end, value);
  if (parsed.ec != std::errc{} || parsed.ptr != end || it->second.empty()) {
    return invalid_field(name, std::string(name) + " is not a whole number");
  }
  return std::optional(value);
}

plan export_part(const asked& a, bool as_admin) {
  room_export_action what;
  what.as_admin = as_admin;
  const auto room = uuid::parse(a.path.at("id"));
  if (!room) return invalid_field("room_id", "room_id is not a UUID").value();
  what.room = *room;
  const auto after_seq = number_in(a, "after_seq");
  if (!after_seq) return after_seq.error();
  what.after_seq = *after_seq;
  const auto limit = number_in(a, "limit");
  if (!limit) return limit.error();
  if (*limit) {
    if (**limit < 1 || **limit > limit_max) {
      return invalid_field("limit", "limit is 1 to " + std::to_string(limit_max)).value();
    }
    what.limit = static_cast<std::uint32_t>(**limit);
  }
  if (const auto it = a.query.find("after_member"); it != a.query.end()) {
    what.after_member = uuid::parse(it->second);
    if (!what.after_member) {
      return invalid_field("after_member", "after_member is not a UUID").value();
    }
    if (what.after_seq) {
      return invalid_field("after_member", "after_seq or after_member, not both").value();
    }
  }
  planned_call c;
  c.request = protocol::heartbeat{};  // not looked at
  c.room_export = what;
  return c;
}

plan export_messages(const asked& a, message_export_action what) {
  if (const auto it = a.query.find("room_id"); it != a.query.end()) {
    what.room = uuid::parse(it->second);
    if (!what.room) return invalid_field("room_id", "room_id is not a UUID").value();
  }
  const auto after_seq = number_in(a, "after_seq");
  if (!after_seq) return after_seq.error();
  what.after_seq = after_seq->value_or(0);
  if (what.after_seq != 0 && !what.room) {
    return invalid_field("after_seq", "after_seq is one of the room in room_id").value();
  }
  const auto limit = number_in(a, "limit");
  if (!limit) return limit.error();
  if (*limit && (**limit < 1 || **limit > limit_max)) {
    return invalid_field("limit", "limit is 1 to " + std::to_string(limit_max)).value();
  }
  what.limit = static_cast<std::uint32_t>(limit->value_or(limit_max));
  planned_call c;
  c.request = protocol::heartbeat{};  // not looked at
  c.message_export = what;
  return c;
}

}  // namespace

plan export_own_messages(const asked& a) {
  return export_messages(a, {});
}

plan export_messages_of(const asked& a) {
  message_export_action what;
  what.as_admin = true;
  what.user = uuid::parse(a.path.at("id"));
  if (!what.user) return invalid_field("user_id", "user_id is not a UUID").value();
  return export_messages(a, what);
}

plan export_room(const asked& a) {
  return export_part(a, false);
}

plan export_room_as_admin(const asked& a) {
  return export_part(a, true);
}

}  // namespace greenroom::net

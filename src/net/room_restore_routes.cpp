// SPDX-License-Identifier: MIT
#include "net/room_restore_routes.hpp"

#include "protocol/limits.hpp"

namespace greenroom::net {

namespace {

/// Of one part; docs/protocol.md, section 7.2. What is in it is looked at where it is done.
constexpr std::size_t lines_bytes_max = 512 * 1024;

plan restore(const asked& a, std::string lines, bool abandons, std::uint64_t to = 0) {
  const auto room = uuid::parse(a.path.at("id"));
  if (!room) return invalid_field("room_id", "room_id is not a UUID").value();
  planned_call c;
  c.request = protocol::heartbeat{};  // not looked at
  c.room_restore = room_restore_action{*room, std::move(lines), abandons, to};
  return c;
}

}  // namespace

plan restore_room(const asked& a) {
  const auto it = a.body.find("lines");
  if (it == a.body.end() || it->is_null()) {
    return invalid_field("lines", "lines is missing").value();
  }
  if (!it->is_string()) return invalid_field("lines", "lines must be a text").value();
  auto lines = it->get<std::string>();
  if (lines.size() > lines_bytes_max) {
    return too_large("lines", static_cast<std::int64_t>(lines_bytes_max)).value();
  }
  std::uint64_t to = 0;
  if (const auto up_to = a.body.find("to"); up_to != a.body.end() && !up_to->is_null()) {
    if (!up_to->is_number_unsigned() || up_to->get<std::uint64_t>() < 1 ||
        up_to->get<std::uint64_t>() > limits::seq_max) {
      return invalid_field("to", "to is the seq of an entry, 1 or more").value();
    }
    to = up_to->get<std::uint64_t>();
  }
  return restore(a, std::move(lines), false, to);
}

plan abandon_restore(const asked& a) {
  return restore(a, {}, true);
}

}  // namespace greenroom::net

// SPDX-License-Identifier: MIT

// Rooms: how they come to be, who enters and who leaves.

#include <algorithm>
#include <set>

#include "chat/rules.hpp"
#include "protocol/limits.hpp"

namespace greenroom::chat::rules {

namespace {

error no_such_room() {
  return refusal(ec::room_not_found, "no such room", "room_id");
}

/// The answer to a create or join that was repeated: the room as it is now. Who has left since sees
/// no more of it than any stranger.
result joined_before(context& c, const uuid& room_id, const uuid& user_id) {
  auto now = c.s.find_room(room_id);
  if (!now) return no_such_room();
  auto self = c.s.find_member(room_id, user_id);
  if (!self && now->type != room_type::open) return no_such_room();
  if (!self) self = member{.user_id = user_id};
  return room_joined{std::move(*now), *self};
}

room_entry membership(room_event_kind event, const uuid& by, const uuid& user_id) {
  room_entry e;
  e.by = by;
  e.kind = room_entry::what::membership;
  e.event = event;
  e.user_id = user_id;
  return e;
}

/// Puts a member into the room's books. A new member has read everything up to his own entry: what
/// was said before is history, not unread.
member enter(context& c, room& r, const uuid& user_id, member_role role, std::uint64_t seq) {
  const member m{.user_id = user_id,
                 .role = role,
                 .joined_at = c.now,
                 .joined_seq = seq,
                 .delivered_seq = seq,
                 .read_seq = seq};
  c.s.put_member(r.id, m);
  ++r.member_count;
  if (role == member_role::owner) ++r.owner_count;
  if (r.first_members.size() < limits::room_members_shown_max) r.first_members.push_back(user_id);
  return m;
}

/// A gap among the first members is filled by whoever joins next, not by a search for the oldest
/// one not shown.
void exit(context& c, room& r, const member& m) {
  c.s.erase_member(r.id, m.user_id);
  --r.member_count;
  if (m.role == member_role::owner) --r.owner_count;
  std::erase(r.first_members, m.user_id);
}

std::optional<error> check(const protocol::create_room_request& what) {
  if (what.type == room_type::direct)
    return refusal(ec::invalid_message, "direct rooms are not created this way", "room_type");
  if (what.members.size() > limits::members_at_creation_max) {
    auto e = refusal(ec::too_large, "too many members", "members");
    e.details.limit = static_cast<std::int64_t>(limits::members_at_creation_max);
    return e;
  }
  return std::nullopt;
}

room room_of(const create_room& cmd, unix_ms now) {
  room r;
  r.id = cmd.room_id;
  r.name = cmd.what.name;
  r.alias = cmd.what.alias.value_or("");
  r.description = cmd.what.description.value_or("");
  r.type = cmd.what.type;
  r.is_private = cmd.what.is_private;
  r.created_by = cmd.from.user_id;
  r.created_with = cmd.from.message_id;
  r.created_at = now;
  return r;
}

}  // namespace

error stranger(const room& r) {
  if (r.deleted || r.type != room_type::open) return no_such_room();
  return refusal(ec::forbidden, "only members may do this", "room_id");
}

result decide(context& c, const create_room& cmd) {
  const auto& creator = cmd.from.user_id;
  auto again = repeated(
      c, cmd.from, [&](const dedup& first) { return joined_before(c, first.object_id, creator); });
  if (again) return *again;
  if (const auto existing = c.s.find_room(cmd.room_id)) {
    // The id says that it is the same request, whatever its age.
    const bool same = existing->created_by == creator &&
                      existing->created_with == cmd.from.message_id &&
                      !cmd.from.message_id.is_nil();
    if (!same) return refusal(ec::conflict, "this alias is taken", "alias");
    c.out.duplicate = true;
    return joined_before(c, cmd.room_id, creator);
  }
  if (auto bad = check(cmd.what)) return *bad;

  auto r = room_of(cmd, c.now);
  const auto self = enter(c, r, creator, member_role::owner, 1);
  std::vector<uuid> joined{creator};
  std::set<uuid> seen{creator};
  for (const auto& id : cmd.what.members) {
    if (!seen.insert(id).second) continue;
    enter(c, r, id, member_role::member, 1);
    joined.push_back(id);
  }
  write_entry(c, r, membership(room_event_kind::created, creator, creator), std::nullopt);
  for (const auto& id : joined)
    emit_user_room(c, r, id, user_room::standing::joined);
  remember(c, cmd.from, r.id, r.id, r.last_seq);
  return room_joined{std::move(r), self};
}

result decide(context& c, const join_room& cmd) {
  const auto& user_id = cmd.from.user_id;
  auto again = repeated(
      c, cmd.from, [&](const dedup& first) { return joined_before(c, first.object_id, user_id); });
  if (again) return *again;

  auto r = c.s.find_room(cmd.room_id);
  if (!r || r->deleted) return no_such_room();
  if (const auto self = c.s.find_member(r->id, user_id)) {
    remember(c, cmd.from, r->id, r->id, self->joined_seq);
    return room_joined{std::move(*r), *self};
  }
  // Invitations will open other rooms here.
  if (r->type != room_type::open) return no_such_room();
  if (r->archived) return refusal(ec::conflict, "this room is archived", "room_id");

  const auto self = enter(c, *r, user_id, member_role::member, r->last_seq + 1);
  write_entry(c, *r, membership(room_event_kind::joined, user_id, user_id), std::nullopt);
  emit_user_room(c, *r, user_id, user_room::standing::joined);
  remember(c, cmd.from, r->id, r->id, r->last_seq);
  return room_joined{std::move(*r), self};
}

/// The last one to leave leaves an empty room: it keeps its alias and history for ever, and a
/// public one can be joined again (without an owner), any other one is out of everybody's reach.
result decide(context& c, const leave_room& cmd) {
  const auto& user_id = cmd.from.user_id;
  auto again =
      repeated(c, cmd.from, [&](const dedup& first) { return result{room_left{first.object_id}}; });
  if (again) return *again;

  auto r = c.s.find_room(cmd.room_id);
  if (!r || r->deleted) return no_such_room();
  const auto self = c.s.find_member(r->id, user_id);
  if (!self) return stranger(*r);
  if (r->type == room_type::direct)
    return refusal(ec::conflict, "a direct room cannot be left", "room_id");
  if (self->role == member_role::owner && r->owner_count == 1 && r->member_count > 1)
    return refusal(ec::conflict, "the last owner cannot leave others behind", "room_id");

  exit(c, *r, *self);
  write_entry(c, *r, membership(room_event_kind::left, user_id, user_id), std::nullopt);
  emit_user_room(c, *r, user_id, user_room::standing::left);
  remember(c, cmd.from, r->id, r->id, r->last_seq);
  return room_left{r->id};
}

}  // namespace greenroom::chat::rules

// SPDX-License-Identifier: MIT

// Rooms: how they come to be, who enters and who leaves.

#include <set>

#include "chat/member_in.hpp"
#include "protocol/limits.hpp"

namespace greenroom::chat::rules {

namespace {

/// The answer to a create or join that was repeated: the room as it is now. Who has left since and
/// may not see it from outside is told what any stranger is.
result joined_before(context& c, const uuid& room_id, const origin& from) {
  auto now = find_open_room(c, room_id);
  if (!now) return now.error();
  auto self = member_in(c, *now, from.user_id);
  if (!self && now->type != room_type::open) {
    if (auto bad = may(action::see, *now, person_in(c, *now, from.user_id, from.role))) return *bad;
  }
  if (!self) self = member{.user_id = from.user_id};
  return room_joined{std::move(*now), *self};
}

error full(std::uint64_t members_max, std::string field) {
  auto e =
      refusal(ec::conflict, "a room has at most " + std::to_string(members_max) + " members here",
              std::move(field));
  e.details.limit = static_cast<std::int64_t>(members_max);
  return e;
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

result decide(context& c, const create_room& cmd) {
  const auto& creator = cmd.from.user_id;
  auto again = repeated(
      c, cmd.from, [&](const dedup& first) { return joined_before(c, first.object_id, cmd.from); });
  if (again) return *again;
  if (const auto existing = find_made(c, cmd.room_id)) {
    // The id says that it is the same request, whatever its age.
    const bool same = existing->created_by == creator &&
                      existing->created_with == cmd.from.message_id &&
                      !cmd.from.message_id.is_nil();
    if (!same) return refusal(ec::conflict, "this alias is taken", "alias");
    c.out.duplicate = true;
    return joined_before(c, cmd.room_id, cmd.from);
  }
  if (auto bad = check(cmd.what)) return *bad;
  std::set<uuid> everybody(cmd.what.members.begin(), cmd.what.members.end());
  everybody.insert(creator);
  if (cmd.members_max != 0 && everybody.size() > cmd.members_max)
    return full(cmd.members_max, "members");

  auto r = room_of(cmd, c.now);
  const auto self = enter(c, r, creator, member_role::owner, 1);
  std::vector<uuid> joined{creator};
  std::set<uuid> seen{creator};
  for (const auto& id : cmd.what.members) {
    if (!seen.insert(id).second) continue;
    enter(c, r, id, member_role::member, 1);
    joined.push_back(id);
  }
  write_entry(c, r, membership_entry(room_event_kind::created, creator, creator), std::nullopt);
  for (const auto& id : joined)
    emit_user_room(c, r, id, user_room::standing::joined);
  remember(c, cmd.from, r.id, r.id, r.last_seq);
  return room_joined{std::move(r), self};
}

/// Whoever of the two asks first creates it. From then on it is the same for both, for ever.
result decide(context& c, const create_direct& cmd) {
  const auto& creator = cmd.from.user_id;
  if (creator == cmd.other)
    return refusal(ec::invalid_message, "a direct room has another person in it", "user_id");
  auto again = repeated(
      c, cmd.from, [&](const dedup& first) { return joined_before(c, first.object_id, cmd.from); });
  if (again) return *again;
  if (find_made(c, cmd.room_id)) {
    c.out.duplicate = true;
    return joined_before(c, cmd.room_id, cmd.from);
  }

  room r;
  r.id = cmd.room_id;
  r.type = room_type::direct;
  r.is_private = true;
  r.created_by = creator;
  r.created_with = cmd.from.message_id;
  r.created_at = c.now;
  const auto self = enter(c, r, creator, member_role::member, 1);
  enter(c, r, cmd.other, member_role::member, 1);
  write_entry(c, r, membership_entry(room_event_kind::created, creator, creator), std::nullopt);
  for (const auto& id : {creator, cmd.other})
    emit_user_room(c, r, id, user_room::standing::joined);
  remember(c, cmd.from, r.id, r.id, r.last_seq);
  return room_joined{std::move(r), self};
}

result decide(context& c, const join_room& cmd) {
  const auto& user_id = cmd.from.user_id;
  auto again = repeated(
      c, cmd.from, [&](const dedup& first) { return joined_before(c, first.object_id, cmd.from); });
  if (again) return *again;

  auto r = find_open_room(c, cmd.room_id);
  if (!r) return r.error();
  if (const auto self = member_in(c, *r, user_id)) {
    remember(c, cmd.from, r->id, r->id, self->joined_seq);
    return room_joined{std::move(*r), *self};
  }
  if (auto bad = may(action::join, *r, person_in(c, *r, user_id, cmd.from.role))) return *bad;

  if (cmd.members_max != 0 && r->member_count >= cmd.members_max)
    return full(cmd.members_max, "room_id");

  // In rooms of the server people only read.
  auto role = r->created_by.is_nil() ? member_role::guest : member_role::member;
  if (const auto invitation = c.s.find_outsider(r->id, user_id)) {
    role = invitation->role;
    c.s.erase_outsider(r->id, user_id);
  }
  const auto self = enter(c, *r, user_id, role, r->last_seq + 1);
  write_entry(c, *r, membership_entry(room_event_kind::joined, user_id, user_id), std::nullopt);
  emit_user_room(c, *r, user_id, user_room::standing::joined);
  remember(c, cmd.from, r->id, r->id, r->last_seq);
  return room_joined{std::move(*r), self};
}

/// Also how an invitation is declined. The last one to leave leaves an empty room: it keeps its
/// alias and history for ever, and a public one can be joined again (without an owner), any other
/// one is out of everybody's reach.
result decide(context& c, const leave_room& cmd) {
  const auto& user_id = cmd.from.user_id;
  auto again =
      repeated(c, cmd.from, [&](const dedup& first) { return result{room_left{first.object_id}}; });
  if (again) return *again;

  auto r = find_open_room(c, cmd.room_id);
  if (!r) return r.error();
  if (auto bad = may(action::leave, *r, person_in(c, *r, user_id, cmd.from.role))) return *bad;
  if (const auto self = c.s.find_member(r->id, user_id)) {
    if (auto bad = keeps_an_owner(*r, *self)) return *bad;
    exit(c, *r, *self);
  } else {
    c.s.erase_outsider(r->id, user_id);
  }
  write_entry(c, *r, membership_entry(room_event_kind::left, user_id, user_id), std::nullopt);
  emit_user_room(c, *r, user_id, user_room::standing::left);
  remember(c, cmd.from, r->id, r->id, r->last_seq);
  return room_left{r->id};
}

}  // namespace greenroom::chat::rules

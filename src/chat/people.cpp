// SPDX-License-Identifier: MIT

// Who is in a room, who is asked in and who is kept out: invitations, removal, bans and roles.

#include <algorithm>

#include "chat/everybody.hpp"
#include "chat/member_in.hpp"
#include "protocol/limits.hpp"

namespace greenroom::chat {

member one_of_everybody(const uuid& user_id) {
  return {.user_id = user_id, .role = member_role::guest, .joined_seq = 1};
}

person person_of(const std::optional<member>& m, const std::optional<outsider>& o,
                 user_role account) {
  person p;
  p.account = account;
  if (m) {
    p.is = membership::member;
    p.role = m->role;
  } else if (o) {
    p.is = o->is == outsider::standing::invited ? membership::invited : membership::banned;
  }
  return p;
}

}  // namespace greenroom::chat

namespace greenroom::chat::rules {

expected<room> find_open_room(const context& c, const uuid& room_id) {
  auto r = c.s.find_room(room_id);
  if (!r || r->deleted)
    return tl::unexpected(refusal(ec::room_not_found, "no such room", "room_id"));
  return std::move(*r);
}

std::optional<member> member_in(const context& c, const room& r, const uuid& user_id) {
  auto m = c.s.find_member(r.id, user_id);
  if (!r.everybody) return m;
  if (!m) m = one_of_everybody(user_id);
  m->role = member_role::guest;  // also who was more when people had to join it
  return m;
}

person person_in(const context& c, const room& r, const uuid& user_id, user_role account) {
  const auto m = member_in(c, r, user_id);
  return person_of(m, m ? std::nullopt : c.s.find_outsider(r.id, user_id), account);
}

room_entry membership_entry(room_event_kind event, const uuid& by, const uuid& user_id) {
  room_entry e;
  e.by = by;
  e.kind = room_entry::what::membership;
  e.event = event;
  e.user_id = user_id;
  return e;
}

/// A new member has read everything up to his own entry: what was said before is history, not
/// unread.
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

std::optional<error> keeps_an_owner(const room& r, const member& m) {
  if (m.role == member_role::owner && r.owner_count == 1 && r.member_count > 1)
    return refusal(ec::conflict, "the last owner cannot leave others behind", "room_id");
  return std::nullopt;
}

namespace {

/// What these requests are repeated with: all of them are answered with nothing but `ok`.
template <class Command>
std::optional<result> answered_before(context& c, const Command& cmd) {
  return repeated(c, cmd.from, [](const dedup&) { return result{done{}}; });
}

/// Writes what happened to somebody, and remembers that it was asked.
template <class Command>
result write_change(context& c, room& r, const Command& cmd, room_event_kind event) {
  write_entry(c, r, membership_entry(event, cmd.from.user_id, cmd.user_id), std::nullopt);
  remember(c, cmd.from, r.id, r.id, r.last_seq);
  return done{};
}

/// It was so before: no entry.
template <class Command>
result is_so(context& c, const room& r, const Command& cmd, std::uint64_t seq) {
  remember(c, cmd.from, r.id, r.id, seq);
  return done{};
}

error nobody_there() {
  return refusal(ec::user_not_found, "this person is not in the room", "user_id");
}

/// Whether `who` may invite as `role`. Everybody who may invite may make others what he is himself
/// at least: a member.
std::optional<error> may_invite_as(const person& who, member_role role) {
  return role <= member_role::member ? std::nullopt : may_give(who, role);
}

/// The ban of somebody who is no member; an invitation is void then.
result ban_outsider(context& c, room& r, const remove_person& cmd,
                    const std::optional<outsider>& known) {
  if (known && known->is == outsider::standing::banned) return is_so(c, r, cmd, known->entry_seq);
  auto answer = write_change(c, r, cmd, room_event_kind::banned);
  c.s.put_outsider(r.id, {cmd.user_id, outsider::standing::banned, member_role::member,
                          cmd.from.user_id, c.now, r.last_seq});
  if (known) emit_user_room(c, r, cmd.user_id, user_room::standing::left);
  return answer;
}

result remove_member(context& c, room& r, const remove_person& cmd, const person& who,
                     const member& m) {
  if (auto bad = may_act_on(who, {membership::member, m.role})) return *bad;
  if (auto bad = keeps_an_owner(r, m)) return *bad;
  exit(c, r, m);
  auto answer =
      write_change(c, r, cmd, cmd.ban ? room_event_kind::banned : room_event_kind::removed);
  if (cmd.ban)
    c.s.put_outsider(r.id, {cmd.user_id, outsider::standing::banned, member_role::member,
                            cmd.from.user_id, c.now, r.last_seq});
  emit_user_room(c, r, cmd.user_id, user_room::standing::left);
  return answer;
}

}  // namespace

result decide(context& c, const invite_person& cmd) {
  if (auto again = answered_before(c, cmd)) return *again;
  auto r = find_open_room(c, cmd.room_id);
  if (!r) return r.error();
  const auto who = person_in(c, *r, cmd.from.user_id, cmd.from.role);
  if (auto bad = may(action::invite, *r, who)) return *bad;

  if (const auto m = c.s.find_member(r->id, cmd.user_id)) {
    if (cmd.role && *cmd.role != m->role)
      return refusal(ec::conflict, "a member already; set_role_request changes roles", "user_id");
    return is_so(c, *r, cmd, m->joined_seq);
  }
  const auto known = c.s.find_outsider(r->id, cmd.user_id);
  if (known && known->is == outsider::standing::banned)
    return refusal(ec::conflict, "this person is banned", "user_id");
  const auto role = cmd.role.value_or(known ? known->role : member_role::member);
  if (known && known->role == role) return is_so(c, *r, cmd, known->entry_seq);
  if (auto bad = may_invite_as(who, role)) return *bad;
  if (known) {
    if (auto bad = may_invite_as(who, known->role)) return *bad;
  }

  auto answer = write_change(c, *r, cmd, room_event_kind::invited);
  c.s.put_outsider(r->id, {cmd.user_id, outsider::standing::invited, role, cmd.from.user_id, c.now,
                           r->last_seq});
  emit_user_room(c, *r, cmd.user_id, user_room::standing::invited);
  return answer;
}

result decide(context& c, const remove_person& cmd) {
  if (auto again = answered_before(c, cmd)) return *again;
  auto r = find_open_room(c, cmd.room_id);
  if (!r) return r.error();
  const auto who = person_in(c, *r, cmd.from.user_id, cmd.from.role);
  const auto known = c.s.find_outsider(r->id, cmd.user_id);
  const bool invited = known && known->is == outsider::standing::invited;
  // Who has invited somebody may think better of it.
  const bool own = !cmd.ban && invited && known->by == cmd.from.user_id &&
                   who.is == membership::member && r->type != room_type::direct;
  if (!own) {
    if (auto bad = may(cmd.ban ? action::ban : action::remove, *r, who)) return *bad;
  }
  if (cmd.user_id == cmd.from.user_id)
    return refusal(ec::invalid_message, "oneself is not removed: leave_room_request", "user_id");

  if (const auto m = c.s.find_member(r->id, cmd.user_id)) return remove_member(c, *r, cmd, who, *m);
  if (cmd.ban) return ban_outsider(c, *r, cmd, known);
  if (!invited) return nobody_there();
  c.s.erase_outsider(r->id, cmd.user_id);
  auto answer = write_change(c, *r, cmd, room_event_kind::removed);
  emit_user_room(c, *r, cmd.user_id, user_room::standing::left);
  return answer;
}

result decide(context& c, const unban_person& cmd) {
  if (auto again = answered_before(c, cmd)) return *again;
  auto r = find_open_room(c, cmd.room_id);
  if (!r) return r.error();
  const auto who = person_in(c, *r, cmd.from.user_id, cmd.from.role);
  if (auto bad = may(action::unban, *r, who)) return *bad;
  const auto known = c.s.find_outsider(r->id, cmd.user_id);
  if (!known || known->is != outsider::standing::banned) return is_so(c, *r, cmd, r->last_seq);
  c.s.erase_outsider(r->id, cmd.user_id);
  return write_change(c, *r, cmd, room_event_kind::unbanned);
}

result decide(context& c, const set_member_role& cmd) {
  if (auto again = answered_before(c, cmd)) return *again;
  auto r = find_open_room(c, cmd.room_id);
  if (!r) return r.error();
  const auto who = person_in(c, *r, cmd.from.user_id, cmd.from.role);
  if (auto bad = may(action::set_role, *r, who)) return *bad;
  auto m = c.s.find_member(r->id, cmd.user_id);
  if (!m) return nobody_there();
  if (m->role == cmd.role) return is_so(c, *r, cmd, r->last_seq);
  // One may always be less oneself.
  const bool oneself = cmd.user_id == cmd.from.user_id;
  if (!oneself) {
    if (auto bad = may_act_on(who, {membership::member, m->role})) return *bad;
  }
  if (auto bad = may_give(who, cmd.role)) return *bad;
  if (auto bad = keeps_an_owner(*r, *m)) return *bad;

  if (m->role == member_role::owner) --r->owner_count;
  if (cmd.role == member_role::owner) ++r->owner_count;
  m->role = cmd.role;
  c.s.put_member(r->id, *m);
  return write_change(c, *r, cmd, room_event_kind::role);
}

}  // namespace greenroom::chat::rules

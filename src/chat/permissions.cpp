// SPDX-License-Identifier: MIT
#include "chat/permissions.hpp"

#include <algorithm>
#include <array>

#include "chat/rules.hpp"

namespace greenroom::chat {

namespace {

using enum member_role;

// Chosen after what people know from other chats: everybody who may speak may invite, moderators
// look after conversations and people, admins after the room, owners decide what cannot be undone.
constexpr std::array table{
    permission{action::see, "see", guest, true, true, true, true, true},
    permission{action::read, "read", guest, false, false, false, true, true},
    permission{action::send, "send", member, false, false, false, true, false},
    permission{action::react, "react", member, false, false, false, true, false},
    permission{action::change_own, "change_own", member, false, false, false, true, false},
    permission{action::delete_any, "delete_any", moderator, false, false, false, false, false},
    permission{action::pin, "pin", moderator, false, false, false, true, false},
    permission{action::mention_all, "mention_all", moderator, false, false, false, true, false},
    permission{action::join, "join", guest, true, true, false, true, false},
    permission{action::leave, "leave", guest, false, true, false, false, true},
    permission{action::invite, "invite", member, false, false, false, false, false},
    permission{action::set_topic, "set_topic", moderator, false, false, true, false, true},
    permission{action::set_details, "set_details", admin, false, false, true, false, true},
    permission{action::archive, "archive", admin, false, false, true, false, true},
    permission{action::set_retention, "set_retention", owner, false, false, true, false, true},
    permission{action::remove, "remove", moderator, false, false, true, false, true},
    permission{action::ban, "ban", moderator, false, false, true, false, true},
    permission{action::unban, "unban", moderator, false, false, true, false, true},
    permission{action::set_role, "set_role", admin, false, false, true, false, true},
    permission{action::delete_room, "delete_room", owner, false, false, true, false, true},
    permission{action::export_room, "export_room", owner, false, false, true, true, true},
    permission{action::webhooks, "webhooks", admin, false, false, true, false, true},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (static_cast<std::size_t>(table[i].what) != i) return false;
  }
  return table.size() == static_cast<std::size_t>(action::webhooks) + 1;
}
static_assert(in_order());

/// What there is not in a room that everybody is in: who is in it is nobody's to decide.
constexpr std::array not_for_everybody{action::leave,      action::invite, action::remove,
                                       action::ban,        action::unban,  action::set_role,
                                       action::delete_room};

bool is_for_everybody(action what) {
  return std::find(not_for_everybody.begin(), not_for_everybody.end(), what) ==
         not_for_everybody.end();
}

bool is_server_admin(const person& who) {
  return who.account == user_role::admin;
}

/// Whether he may know that the room exists.
bool knows(const room& r, const person& who) {
  if (r.type == room_type::open || who.is == membership::member || who.is == membership::invited)
    return true;
  return is_server_admin(who) && r.type != room_type::direct;
}

bool allows(const permission& row, const room& r, const person& who) {
  if (row.server_admin && is_server_admin(who) && r.type != room_type::direct) return true;
  switch (who.is) {
    case membership::member:
      // Both members of a direct room have all the rights that there are.
      return r.type == room_type::direct || who.role >= row.from;
    case membership::invited:
      return row.invited || (row.anybody && r.type == room_type::open);
    case membership::banned:
      return row.what == action::see && r.type == room_type::open;
    case membership::none:
      return row.anybody && r.type == room_type::open;
  }
  return false;
}

/// The higher the more one may; admins of the server are above owners.
int rank_of(const person& who) {
  if (is_server_admin(who)) return static_cast<int>(owner) + 1;
  return who.is == membership::member ? static_cast<int>(who.role) : -1;
}

}  // namespace

std::span<const permission> permissions() noexcept {
  return table;
}

std::optional<error> may(action what, const room& r, const person& who) {
  const auto& row = table[static_cast<std::size_t>(what)];
  if (r.deleted || !knows(r, who)) return stranger(r);
  if (r.type == room_type::direct && !row.direct)
    return rules::refusal(ec::conflict, "there is no such thing in a direct room", "room_id");
  if (r.everybody && !is_for_everybody(what))
    return rules::refusal(ec::conflict, "everybody is in this room, and nobody decides that",
                          "room_id");
  if (!allows(row, r, who)) {
    return rules::refusal(
        ec::forbidden,
        who.is == membership::member ? "your role does not allow this" : "only members may do this",
        "room_id");
  }
  if (r.archived && !row.archived)
    return rules::refusal(ec::conflict, "this room is archived", "room_id");
  return std::nullopt;
}

std::optional<error> may_act_on(const person& who, const person& on) {
  // What the room knows of the other one is his role in it, not whether he is an admin elsewhere.
  const person other{on.is, on.role, user_role::user};
  if (rank_of(who) > rank_of(other)) return std::nullopt;
  return rules::refusal(ec::forbidden, "this person's rank is not below yours", "user_id");
}

std::optional<error> may_give(const person& who, member_role role) {
  const bool any = is_server_admin(who) || (who.is == membership::member && who.role == owner);
  if (any || static_cast<int>(role) < rank_of(who)) return std::nullopt;
  return rules::refusal(ec::forbidden, "this role is not below yours", "role");
}

error stranger(const room& r) {
  if (r.deleted || r.type != room_type::open)
    return rules::refusal(ec::room_not_found, "no such room", "room_id");
  return rules::refusal(ec::forbidden, "only members may do this", "room_id");
}

}  // namespace greenroom::chat

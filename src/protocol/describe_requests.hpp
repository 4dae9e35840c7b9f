// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The fields of every request, once: decoding, encoding, tests and documentation go through these
/// functions. A visitor has
///   required(name, member, rule)   the field must be there
///   optional(name, member, rule)   absent or null leaves the member as it is
/// What concerns several fields at once is in check().

#include <concepts>
#include <optional>
#include <type_traits>

#include "protocol/requests.hpp"
#include "protocol/rules.hpp"

namespace greenroom::protocol {

/// T or const T.
template <class U, class T>
concept like = std::same_as<std::remove_const_t<U>, T>;

void describe(auto& v, like<register_request> auto& r) {
  v.required("username", r.username, rules::username);
  v.required("password", r.password, rules::new_password);
  v.optional("email", r.email, rules::email);
  v.optional("display_name", r.display_name, rules::display_name);
  v.optional("device_id", r.device_id, rules::device_id);
}

void describe(auto& v, like<auth_request> auto& r) {
  v.optional("username", r.username, rules::username);
  v.optional("password", r.password, rules::password);
  v.optional("token", r.token, rules::token);
  v.optional("refresh_token", r.refresh_token, rules::token);
  v.optional("device_id", r.device_id, rules::device_id);
  v.optional("rooms", r.rooms, rules::rooms);
}

void describe(auto& v, like<logout_request> auto& r) {
  v.optional("session_id", r.session_id, rules::id);
  v.optional("all", r.all, rules::flag);
}

void describe(auto&, like<session_list_request> auto&) {}

void describe(auto&, like<heartbeat> auto&) {}

void describe(auto& v, like<resume_request> auto& r) {
  v.required("rooms", r.rooms, rules::rooms);
}

void describe(auto& v, like<create_room_request> auto& r) {
  v.required("name", r.name, rules::room_name);
  v.optional("room_type", r.type, rules::new_room_type);
  v.optional("alias", r.alias, rules::alias);
  v.optional("is_private", r.is_private, rules::flag);
  v.optional("description", r.description, rules::description);
  v.optional("members", r.members, rules::members);
}

void describe(auto& v, like<direct_room_request> auto& r) {
  v.required("user_id", r.user_id, rules::id);
}

void describe(auto& v, like<room_list_request> auto& r) {
  v.optional("scope", r.scope, rules::scope);
  v.optional("query", r.query, rules::query);
  v.optional("cursor", r.cursor, rules::cursor);
  v.optional("limit", r.limit, rules::page);
}

void describe(auto& v, like<room_request> auto& r) {
  v.optional("room_id", r.room_id, rules::id);
  v.optional("alias", r.alias, rules::alias);
}

void describe(auto& v, like<update_room_request> auto& r) {
  v.required("room_id", r.room_id, rules::id);
  v.optional("name", r.name, rules::room_name);
  v.optional("description", r.description, rules::description);
  v.optional("topic", r.topic, rules::topic);
  v.optional("archived", r.archived, rules::flag);
  v.optional("retention", r.retention, rules::retention);
}

void describe(auto& v, like<delete_room_request> auto& r) {
  v.required("room_id", r.room_id, rules::id);
}

void describe(auto& v, like<join_room_request> auto& r) {
  v.optional("room_id", r.room_id, rules::id);
  v.optional("alias", r.alias, rules::alias);
}

void describe(auto& v, like<leave_room_request> auto& r) {
  v.required("room_id", r.room_id, rules::id);
}

void describe(auto& v, like<invite_request> auto& r) {
  v.required("room_id", r.room_id, rules::id);
  v.required("user_id", r.user_id, rules::id);
  v.optional("role", r.role, rules::role);
}

void describe(auto& v, like<remove_member_request> auto& r) {
  v.required("room_id", r.room_id, rules::id);
  v.required("user_id", r.user_id, rules::id);
  v.optional("ban", r.ban, rules::flag);
}

void describe(auto& v, like<unban_request> auto& r) {
  v.required("room_id", r.room_id, rules::id);
  v.required("user_id", r.user_id, rules::id);
}

void describe(auto& v, like<set_role_request> auto& r) {
  v.required("room_id", r.room_id, rules::id);
  v.required("user_id", r.user_id, rules::id);
  v.required("role", r.role, rules::role);
}

void describe(auto& v, like<room_members_request> auto& r) {
  v.required("room_id", r.room_id, rules::id);
  v.optional("cursor", r.cursor, rules::cursor);
  v.optional("limit", r.limit, rules::page);
}

void describe(auto& v, like<send_message_request> auto& r) {
  v.required("room_id", r.room_id, rules::id);
  v.optional("content", r.content, rules::content);  // text must have some: see check()
  v.optional("message_type", r.type, rules::client_message_type);
  v.optional("reply_to", r.reply_to, rules::id);
  v.optional("thread", r.thread, rules::id);
  v.optional("metadata", r.metadata, rules::metadata);
  v.optional("safety", r.safety, rules::safety);
  v.optional("device_seq", r.device_seq, rules::seq);
}

void describe(auto& v, like<edit_message_request> auto& r) {
  v.required("room_id", r.room_id, rules::id);
  v.required("id", r.id, rules::id);
  v.required("content", r.content, rules::content);  // whether it may be empty depends on the type
}

void describe(auto& v, like<delete_message_request> auto& r) {
  v.required("room_id", r.room_id, rules::id);
  v.required("id", r.id, rules::id);
}

void describe(auto& v, like<reaction_request> auto& r) {
  v.required("room_id", r.room_id, rules::id);
  v.required("id", r.id, rules::id);
  v.required("emoji", r.emoji, rules::emoji);
  v.required("add", r.add, rules::flag);
}

void describe(auto& v, like<pin_request> auto& r) {
  v.required("room_id", r.room_id, rules::id);
  v.required("id", r.id, rules::id);
  v.required("pinned", r.pinned, rules::flag);
}

void describe(auto& v, like<history_request> auto& r) {
  v.required("room_id", r.room_id, rules::id);
  v.optional("before_seq", r.before_seq, rules::seq);
  v.optional("after_seq", r.after_seq, rules::seq);
  v.optional("limit", r.limit, rules::page);
  v.optional("min_seq", r.min_seq, rules::seq);
}

void describe(auto& v, like<message_request> auto& r) {
  v.required("room_id", r.room_id, rules::id);
  v.required("id", r.id, rules::id);
}

void describe(auto& v, like<mark_request> auto& r) {
  v.required("room_id", r.room_id, rules::id);
  v.required("status", r.status, rules::mark_status);
  v.required("seq", r.seq, rules::seq);
}

void describe(auto& v, like<typing> auto& r) {
  v.required("room_id", r.room_id, rules::id);
  v.required("is_typing", r.is_typing, rules::flag);
}

void describe(auto& v, like<set_presence_request> auto& r) {
  v.required("status", r.status, rules::chosen_presence);
}

void describe(auto& v, like<presence_request> auto& r) {
  v.required("user_ids", r.user_ids, rules::watched);
}

void describe(auto& v, like<user_list_request> auto& r) {
  v.optional("query", r.query, rules::query);
  v.optional("cursor", r.cursor, rules::cursor);
  v.optional("limit", r.limit, rules::page);
}

void describe(auto& v, like<user_request> auto& r) {
  v.optional("user_id", r.user_id, rules::id);
  v.optional("username", r.username, rules::username);
}

void describe(auto& v, like<update_profile_request> auto& r) {
  v.optional("display_name", r.display_name, rules::display_name);
  v.optional("avatar_url", r.avatar_url, rules::avatar_url);
  v.optional("email", r.email, rules::changed_email);
}

void describe(auto& v, like<change_password_request> auto& r) {
  v.required("old_password", r.old_password, rules::password);
  v.required("new_password", r.new_password, rules::new_password);
}

void describe(auto& v, like<search_request> auto& r) {
  v.required("query", r.query, rules::query);
  v.optional("room_id", r.room_id, rules::id);
  v.optional("cursor", r.cursor, rules::cursor);
  v.optional("limit", r.limit, rules::page);
}

/// An unsupported request is never looked into.
void describe(auto&, like<unsupported_request> auto&) {}

// -- what concerns several fields ---------------------------------------------------------------

/// Nothing to say about most.
std::optional<error> check(const auto&) {
  return std::nullopt;
}
std::optional<error> check(const auth_request& r);
std::optional<error> check(const room_request& r);
std::optional<error> check(const join_room_request& r);
std::optional<error> check(const send_message_request& r);
std::optional<error> check(const history_request& r);
std::optional<error> check(const user_request& r);

}  // namespace greenroom::protocol

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The fields of everything the server sends, once, in the order they are sent in. A visitor has
///   always(name, member)      always written (events leave out empty texts and lists)
///   nullable(name, member)    null when empty (left out in events)
///   time(name, member)        a time; never = null
///   sometimes(name, optional) only when it has a value; an empty text in it is null
///   inlined(name, optional)   the fields of a part that may be missing; `name` is its first one
///   leave_out_empty(name, text) only when it is not empty, in answers too
///   repeated()                the place of `duplicate` in an answer that always shows it

#include "protocol/answers.hpp"
#include "protocol/describe_requests.hpp"

namespace greenroom::protocol {

// -- records ------------------------------------------------------------------------------------

void describe(auto& v, like<user> auto& r) {
  v.always("id", r.id);
  v.always("username", r.username);
  v.always("display_name", r.display_name);
  v.nullable("avatar_url", r.avatar_url);
  v.always("is_online", r.is_online);
  v.time("last_seen", r.last_seen);
  v.time("created_at", r.created_at);
  v.always("role", r.role);
  v.sometimes("email", r.email);
}

void describe(auto& v, like<room_standing> auto& r) {
  v.always("role", r.role);
  v.always("read_seq", r.read_seq);
  v.always("unread_count", r.unread_count);
  v.always("mention_count", r.mention_count);
}

/// Also in requests.
void describe(auto& v, like<room_retention> auto& r) {
  v.sometimes("max_age_days", r.max_age_days);
  v.sometimes("max_messages", r.max_messages);
}

void describe(auto& v, like<room> auto& r) {
  v.always("id", r.id);
  v.always("name", r.name);
  v.nullable("alias", r.alias);
  v.nullable("description", r.description);
  v.nullable("topic", r.topic);
  v.always("room_type", r.type);
  v.always("is_private", r.is_private);
  v.always("archived", r.archived);
  v.nullable("members", r.members);
  v.always("member_count", r.member_count);
  v.nullable("created_by", r.created_by);
  v.time("created_at", r.created_at);
  v.time("last_message_at", r.last_message_at);
  v.always("last_seq", r.last_seq);
  v.sometimes("retention", r.retention);
  v.inlined("role", r.standing);
}

void describe(auto& v, like<reaction> auto& r) {
  v.always("emoji", r.emoji);
  v.always("count", r.count);
  v.always("user_ids", r.user_ids);
}

void describe(auto& v, like<message> auto& r) {
  v.always("id", r.id);
  v.nullable("message_id", r.message_id);
  v.always("room_id", r.room_id);
  v.always("seq", r.seq);
  v.nullable("sender_id", r.sender_id);
  v.always("message_type", r.type);
  v.always("content", r.content);
  v.nullable("metadata", r.metadata);
  v.nullable("reply_to", r.reply_to);
  v.nullable("thread", r.thread);
  v.always("mentions", r.mentions);
  v.always("pinned", r.pinned);
  v.always("status", r.status);
  v.time("created_at", r.created_at);
  v.time("edited_at", r.edited_at);
  v.time("deleted_at", r.deleted_at);
  v.always("reactions", r.reactions);
  v.sometimes("delivered_to", r.delivered_to);
  v.sometimes("read_by", r.read_by);
}

void describe(auto& v, like<member> auto& r) {
  v.always("user", r.user);
  v.always("role", r.role);
  v.always("is_online", r.is_online);
  v.always("delivered_seq", r.delivered_seq);
  v.always("read_seq", r.read_seq);
  v.time("joined_at", r.joined_at);
}

void describe(auto& v, like<session> auto& r) {
  v.always("session_id", r.session_id);
  v.nullable("device_id", r.device_id);
  v.time("created_at", r.created_at);
  v.time("last_used_at", r.last_used_at);
  v.nullable("address", r.address);
  v.always("current", r.current);
  v.sometimes("scopes", r.scopes);
  v.sometimes("rooms", r.rooms);
}

void describe(auto& v, like<webhook_sending> auto& r) {
  v.always("url", r.url);
  v.always("events", r.events);
  v.always("delivered_seq", r.delivered_seq);
  v.always("failures", r.failures);
  v.always("paused", r.paused);
  v.time("paused_at", r.paused_at);
  v.nullable("last_error", r.last_error);
  v.always("dead_dropped", r.dead_dropped);
}

void describe(auto& v, like<webhook> auto& r) {
  v.always("id", r.id);
  v.always("room_id", r.room_id);
  v.always("kind", r.kind);
  v.always("name", r.name);
  v.always("created_by", r.created_by);
  v.time("created_at", r.created_at);
  v.inlined("url", r.sending);
  v.sometimes("token", r.token);
  v.sometimes("secret", r.secret);
}

void describe(auto& v, like<webhook_delivery> auto& r) {
  v.always("id", r.id);
  v.always("seq", r.seq);
  v.time("given_up_at", r.given_up_at);
  v.always("attempts", r.attempts);
  v.nullable("status", r.status);
  v.always("error", r.failure);
  v.always("replaying", r.replaying);
}

void describe(auto& v, like<presence> auto& r) {
  v.always("user_id", r.user_id);
  v.always("is_online", r.is_online);
  v.always("status", r.status);
  v.time("last_seen", r.last_seen);
}

// -- answers ------------------------------------------------------------------------------------

void describe(auto&, like<ok_response> auto&) {}

void describe(auto& v, like<auth_response> auto& r) {
  v.always("success", r.success);
  v.always("token", r.token);
  v.always("refresh_token", r.refresh_token);
  v.time("expires_at", r.expires_at);
  v.always("session_id", r.session_id);
  v.always("user", r.user);
}

void describe(auto& v, like<session_list_response> auto& r) {
  v.always("sessions", r.sessions);
}

void describe(auto&, like<heartbeat_response> auto&) {}

/// Beside `error` there are no numbers.
void describe(auto& v, like<resume_result> auto& r) {
  v.sometimes("error", r.failure);
  if (r.failure) return;
  v.always("first_seq", r.first_seq);
  v.always("last_seq", r.last_seq);
  v.always("complete", r.complete);
}

void describe(auto& v, like<resume_response> auto& r) {
  v.always("rooms", r.rooms);
}

void describe(auto& v, like<room_response::joined> auto& r) {
  v.always("last_seq", r.last_seq);
  v.always("read_seq", r.read_seq);
  v.always("role", r.role);
}

void describe(auto& v, like<room_response> auto& r) {
  v.always("room", r.room);
  v.inlined("last_seq", r.standing);
}

void describe(auto& v, like<room_list_response> auto& r) {
  v.always("rooms", r.rooms);
  v.nullable("next_cursor", r.next_cursor);
}

void describe(auto& v, like<room_members_response> auto& r) {
  v.always("members", r.members);
  v.nullable("next_cursor", r.next_cursor);
}

void describe(auto& v, like<message_ack> auto& r) {
  v.always("room_id", r.room_id);
  v.always("id", r.id);
  v.always("seq", r.seq);
  v.time("created_at", r.created_at);
  v.repeated();
  v.always("term", r.term);
  v.always("replicas", r.replicas);
}

void describe(auto& v, like<history_response> auto& r) {
  v.always("messages", r.messages);
  v.always("has_more", r.has_more);
  v.always("last_seq", r.last_seq);
  v.always("stale", r.stale);
}

void describe(auto& v, like<message_response> auto& r) {
  v.always("message", r.message);
}

void describe(auto& v, like<user_response> auto& r) {
  v.always("user", r.user);
}

void describe(auto& v, like<user_list_response> auto& r) {
  v.always("users", r.users);
  v.nullable("next_cursor", r.next_cursor);
}

void describe(auto& v, like<presence_response> auto& r) {
  v.always("presences", r.presences);
}

void describe(auto& v, like<export_response> auto& r) {
  v.nullable("account", r.account);
}

void describe(auto& v, like<room_export_response> auto& r) {
  v.always("lines", r.lines);
  v.nullable("next", r.next);
}

void describe(auto& v, like<webhook_response> auto& r) {
  v.sometimes("webhook", r.webhook);
  v.sometimes("webhooks", r.webhooks);
  v.sometimes("deliveries", r.deliveries);
}

void describe(auto& v, like<search_hit> auto& r) {
  v.always("message", r.message);
  v.always("snippet", r.snippet);
}

void describe(auto& v, like<search_response> auto& r) {
  v.always("hits", r.hits);
  v.nullable("next_cursor", r.next_cursor);
  v.always("late_nodes", r.late_nodes);
}

/// Only the details that are known.
void describe(auto& v, like<error_details> auto& r) {
  v.leave_out_empty("field", r.field);
  v.sometimes("limit", r.limit);
  v.sometimes("retry_after_ms", r.retry_after_ms);
  v.sometimes("seq", r.seq);
  v.sometimes("replicas", r.replicas);
}

void describe(auto& v, like<error> auto& r) {
  v.always("code", r.code);
  v.always("message", r.message);
  v.nullable("details", r.details);
}

// -- events -------------------------------------------------------------------------------------

void describe(auto& v, like<message_received> auto& r) {
  v.always("room_id", r.room_id);
  v.always("seq", r.seq);
  v.always("message", r.message);
}

void describe(auto& v, like<message_updated> auto& r) {
  v.always("room_id", r.room_id);
  v.always("seq", r.seq);
  v.nullable("by", r.by);
  v.always("change", r.change);
  v.nullable("emoji", r.emoji);
  v.always("message", r.message);
}

void describe(auto& v, like<room_event> auto& r) {
  v.always("room_id", r.room_id);
  v.always("seq", r.seq);
  v.always("kind", r.kind);
  v.nullable("user_id", r.user_id);
  v.nullable("by", r.by);
  v.always("room", r.room);
}

void describe(auto& v, like<message_status> auto& r) {
  v.always("room_id", r.room_id);
  v.always("user_id", r.user_id);
  v.always("status", r.status);
  v.always("seq", r.seq);
}

void describe(auto& v, like<typing_event> auto& r) {
  v.always("room_id", r.room_id);
  v.always("user_id", r.user_id);
  v.always("is_typing", r.is_typing);
}

void describe(auto& v, like<presence_event> auto& r) {
  v.always("user_id", r.user_id);
  v.always("is_online", r.is_online);
  v.nullable("status", r.status);
  v.time("last_seen", r.last_seen);
}

void describe(auto& v, like<session_event> auto& r) {
  v.always("kind", r.kind);
  v.nullable("room_id", r.room_id);
  v.nullable("retry_after_ms", r.retry_after_ms);
}

}  // namespace greenroom::protocol

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The fields of every call and reply, in the order of their wire form. For frames*.cpp only.

#include <concepts>

#include "actors/calls.hpp"
#include "actors/group_messages.hpp"
#include "placement/cluster_map.hpp"
#include "store/packing.hpp"

namespace greenroom::store::packing {

template <>
inline constexpr auto last_of<protocol::message_state> = protocol::message_state::read;
template <>
inline constexpr auto last_of<actors::user_notice::what> = actors::user_notice::what::role_changed;
template <>
inline constexpr auto last_of<protocol::presence_status> = protocol::presence_status::offline;
template <>
inline constexpr auto last_of<protocol::user_role> = protocol::user_role::admin;
template <>
inline constexpr auto last_of<protocol::member_role> = protocol::member_role::owner;
template <>
inline constexpr auto last_of<chat::close_account::what> = chat::close_account::what::reopen;
template <>
inline constexpr auto last_of<chat::user_room::standing> = chat::user_room::standing::left;
template <>
inline constexpr auto last_of<actors::room_webhooks::what> = actors::room_webhooks::what::resume;
template <>
inline constexpr auto last_of<ec> = ec::internal;
template <>
inline constexpr auto last_of<placement::node_state> = placement::node_state::leaving;

/// `T` or `const T`.
template <class V, class T>
concept link_form = std::same_as<std::remove_const_t<V>, T>;

}  // namespace greenroom::store::packing

namespace greenroom::actors {

using store::packing::link_form;

/// chat::user_room with its ids (on disk they are in the key).
struct line_form {
  uuid user_id;
  uuid room_id;
  chat::user_room::standing state = chat::user_room::standing::joined;
  std::uint64_t entry_seq = 0;
  uuid partner;

  line_form() = default;
  explicit line_form(const chat::user_room& l)
      : user_id(l.user_id),
        room_id(l.room_id),
        state(l.state),
        entry_seq(l.entry_seq),
        partner(l.partner) {}
  [[nodiscard]] chat::user_room back() const {
    return {user_id, room_id, state, entry_seq, partner};
  }
};
auto fields(link_form<line_form> auto& v) {
  return std::tie(v.user_id, v.room_id, v.state, v.entry_seq, v.partner);
}

struct pair_form {
  uuid id;
  std::uint64_t seq = 0;
};
auto fields(link_form<pair_form> auto& v) {
  return std::tie(v.id, v.seq);
}

struct error_form {
  ec code = ec::internal;
  std::string message;
  std::string field;
  std::optional<std::int64_t> limit;
  std::optional<std::int64_t> retry_after_ms;
  std::optional<std::uint64_t> seq;
  std::optional<std::uint32_t> replicas;

  error_form() = default;
  explicit error_form(const error& e)
      : code(e.code),
        message(e.message),
        field(e.details.field),
        limit(e.details.limit),
        retry_after_ms(e.details.retry_after_ms),
        seq(e.details.seq),
        replicas(e.details.replicas) {}
  [[nodiscard]] error back() const {
    return {code, message, {field, limit, retry_after_ms, seq, replicas}};
  }
};
auto fields(link_form<error_form> auto& v) {
  return std::tie(v.code, v.message, v.field, v.limit, v.retry_after_ms, v.seq, v.replicas);
}

// -- calls whose fields are plain
// --------------------------------------------------------------------

auto fields(link_form<user_login> auto& v) {
  return std::tie(v.password, v.refresh_token, v.device_id, v.address);
}
auto fields(link_form<user_attach> auto& v) {
  return std::tie(v.session_id, v.node, v.order, v.status, v.status_at);
}
auto fields(link_form<user_detach> auto& v) {
  return std::tie(v.node, v.order);
}
auto fields(link_form<user_sessions> auto& v) {
  return std::tie(v.session_id, v.by_admin);
}
auto fields(link_form<user_password> auto& v) {
  return std::tie(v.session_id, v.old_password, v.new_password, v.by_admin);
}
auto fields(link_form<user_profile> auto& v) {
  return std::tie(v.what.display_name, v.what.avatar_url, v.what.email);
}
auto fields(link_form<user_close> auto& v) {
  return std::tie(v.how, v.by_admin, v.password, v.session_id);
}
auto fields(link_form<user_set_role> auto& v) {
  return std::tie(v.role);
}
auto fields(link_form<user_export> auto& v) {
  return std::tie(v.by_admin);
}
auto fields(link_form<user_set_presence> auto& v) {
  return std::tie(v.status);
}
auto fields(link_form<room_typing> auto& v) {
  return std::tie(v.is_typing);
}
auto fields(link_form<shard_watch> auto& v) {
  return std::tie(v.node, v.afresh, v.watch, v.forget);
}
auto fields(link_form<presence_view> auto& v) {
  return std::tie(v.user_id, v.is_online, v.status, v.last_seen, v.version);
}
auto fields(link_form<presence_views> auto& v) {
  return std::tie(v.views, v.settled, v.watched);
}
auto fields(link_form<presence_publish> auto& v) {
  return std::tie(v.views);
}
auto fields(link_form<user_check> auto& v) {
  return std::tie(v.session_id, v.stale);
}
auto fields(link_form<user_logout> auto& v) {
  return std::tie(v.session_id, v.all, v.token_only);
}
auto fields(link_form<user_rooms> auto& v) {
  return std::tie(v.state, v.place, v.all, v.room);
}
auto fields(link_form<user_issue> auto& v) {
  return std::tie(v.username, v.create, v.scopes, v.rooms, v.lifetime_s, v.label);
}
auto fields(link_form<email_reserve> auto& v) {
  return std::tie(v.user_id);
}
auto fields(link_form<email_settle> auto& v) {
  return std::tie(v.user_id, v.confirmed);
}
auto fields(link_form<room_direct> auto& v) {
  return std::tie(v.other);
}
auto fields(link_form<room_invite> auto& v) {
  return std::tie(v.user_id, v.role);
}
auto fields(link_form<room_remove> auto& v) {
  return std::tie(v.user_id, v.ban);
}
auto fields(link_form<room_unban> auto& v) {
  return std::tie(v.user_id);
}
auto fields(link_form<room_set_role> auto& v) {
  return std::tie(v.user_id, v.role);
}
auto fields(link_form<room_mark> auto& v) {
  return std::tie(v.status, v.seq);
}
auto fields(link_form<room_edit> auto& v) {
  return std::tie(v.id, v.content);
}
auto fields(link_form<room_delete_message> auto& v) {
  return std::tie(v.id);
}
auto fields(link_form<room_react> auto& v) {
  return std::tie(v.id, v.emoji, v.add);
}
auto fields(link_form<room_pin> auto& v) {
  return std::tie(v.id, v.pinned);
}
auto fields(link_form<room_announce> auto& v) {
  return std::tie(v.content, v.of_server, v.user_id);
}
auto fields(link_form<room_message> auto& v) {
  return std::tie(v.id);
}
auto fields(link_form<room_export> auto& v) {
  return std::tie(v.after_seq, v.after_member, v.limit, v.sender);
}
auto fields(link_form<room_person_closed> auto& v) {
  return std::tie(v.user_id, v.erased);
}
auto fields(link_form<room_restore> auto& v) {
  return std::tie(v.lines, v.abandons, v.to);
}
auto fields(link_form<room_members> auto& v) {
  return std::tie(v.cursor, v.limit);
}
auto fields(link_form<room_webhooks> auto& v) {
  return std::tie(v.kind, v.hook_id, v.delivery_id, v.outgoing, v.name, v.url, v.events);
}
auto fields(link_form<room_attach> auto& v) {
  return std::tie(v.node, v.after_seq, v.users);
}
auto fields(link_form<room_admit> auto& v) {
  return std::tie(v.user_id);
}
auto fields(link_form<room_detach> auto& v) {
  return std::tie(v.node);
}
auto fields(link_form<room_entries> auto& v) {
  return std::tie(v.from, v.to, v.limit);
}
auto fields(link_form<shard_users> auto& v) {
  return std::tie(v.ids, v.deactivated);
}
auto fields(link_form<shard_user_list> auto& v) {
  return std::tie(v.query, v.before_time, v.before_id, v.limit);
}
auto fields(link_form<shard_public_rooms> auto& v) {
  return std::tie(v.before_time, v.before_id, v.limit, v.query);
}
auto fields(link_form<shard_room_views> auto& v) {
  return std::tie(v.ids, v.invited);
}
auto fields(link_form<shard_search> auto& v) {
  return std::tie(v.query, v.rooms, v.before_time, v.before_id, v.limit);
}
auto fields(link_form<admin_query> auto& v) {
  return std::tie(v.json);
}
auto fields(link_form<room_admitted> auto& v) {
  return std::tie(v.joined_seq, v.last_seq);
}
auto fields(link_form<logged_out> auto& v) {
  return std::tie(v.session_ids);
}
auto fields(link_form<admin_result> auto& v) {
  return std::tie(v.json);
}
auto fields(link_form<not_leader> auto& v) {
  return std::tie(v.leader);
}
auto fields(link_form<user_notice> auto& v) {
  return std::tie(v.user_id, v.kind, v.room_id, v.entry_seq, v.session_id, v.partner, v.status,
                  v.status_at);
}
auto fields(link_form<leader_notice> auto& v) {
  return std::tie(v.shard, v.term, v.leader);
}
auto fields(link_form<leader_probe> auto& v) {
  return std::tie(v.shard, v.from, v.term, v.round, v.is_answer);
}

// -- the outer forms
// ------------------------------------------------------------------------------------

struct call_form {
  std::uint64_t number = 0;
  std::uint16_t shard = 0;
  uuid target;
  uuid user_id;
  uuid message_id;
  std::uint64_t fingerprint = 0;
  std::uint32_t timeout_ms = 0;
  std::uint8_t kind = 0;
  std::string body;
  protocol::user_role role = protocol::user_role::user;
};
auto fields(link_form<call_form> auto& v) {
  return std::tie(v.number, v.shard, v.target, v.user_id, v.message_id, v.fingerprint, v.timeout_ms,
                  v.kind, v.body, v.role);
}

struct reply_form {
  std::uint64_t number = 0;
  std::uint8_t kind = 0;
  std::string body;
};
auto fields(link_form<reply_form> auto& v) {
  return std::tie(v.number, v.kind, v.body);
}

/// A document for clients, with what it does not say itself.
struct document_form {
  std::string document;
  bool duplicate = false;
};
auto fields(link_form<document_form> auto& v) {
  return std::tie(v.document, v.duplicate);
}

struct event_form {
  uuid room_id;
  std::uint64_t seq = 0;
  uuid user_id;
  std::string document;
};
auto fields(link_form<event_form> auto& v) {
  return std::tie(v.room_id, v.seq, v.user_id, v.document);
}

struct publish_form {
  uuid room_id;
  std::uint64_t term = 0;
  std::uint64_t last_seq = 0;
  bool reset = false;
  std::optional<event_form> event;
};
auto fields(link_form<publish_form> auto& v) {
  return std::tie(v.room_id, v.term, v.last_seq, v.reset, v.event);
}

struct page_form {
  std::vector<event_form> events;
  std::uint64_t last_seq = 0;
  std::uint64_t first_seq = 1;
};
auto fields(link_form<page_form> auto& v) {
  return std::tie(v.events, v.last_seq, v.first_seq);
}

struct attached_form {
  std::string self;
  std::uint64_t rooms_version = 0;
  std::vector<line_form> rooms;
  protocol::presence_status status = protocol::presence_status::online;
  unix_ms status_at = 0;
  std::string device_id;
  protocol::scope_bits scopes = 0;
  std::vector<uuid> token_rooms;
};
auto fields(link_form<attached_form> auto& v) {
  return std::tie(v.self, v.rooms_version, v.rooms, v.status, v.status_at, v.device_id, v.scopes,
                  v.token_rooms);
}

struct lines_form {
  std::vector<line_form> rooms;
};
auto fields(link_form<lines_form> auto& v) {
  return std::tie(v.rooms);
}

struct room_attached_form {
  std::uint64_t after_seq = 0;
  std::uint64_t last_seq = 0;
  std::uint64_t term = 0;
  std::vector<pair_form> members;
};
auto fields(link_form<room_attached_form> auto& v) {
  return std::tie(v.after_seq, v.last_seq, v.term, v.members);
}

/// A request of a client, and what counts beside it: the address or the device it came from.
struct request_form {
  std::string document;
  std::string origin;
};
auto fields(link_form<request_form> auto& v) {
  return std::tie(v.document, v.origin);
}

struct hook_post_form {
  uuid hook_id;
  chat::secret_hash token_hash{};
  uuid key;
  std::string document;
  std::string username;
};
auto fields(link_form<hook_post_form> auto& v) {
  return std::tie(v.hook_id, v.token_hash, v.key, v.document, v.username);
}

struct dead_form {
  std::uint64_t seq = 0;
  std::uint32_t attempts = 0;
  std::uint32_t status = 0;
  std::string failure;
};
auto fields(link_form<dead_form> auto& v) {
  return std::tie(v.seq, v.attempts, v.status, v.failure);
}

struct hook_advance_form {
  uuid hook_id;
  std::uint64_t seq = 0;
  std::vector<dead_form> dead;
  std::vector<uuid> settled;
  std::uint32_t failures = 0;
  bool paused = false;

  hook_advance_form() = default;
  explicit hook_advance_form(const room_hook_advance& b)
      : hook_id(b.hook_id), seq(b.seq), settled(b.settled), failures(b.failures), paused(b.paused) {
    for (const auto& d : b.dead) {
      dead.push_back({d.seq, d.attempts, d.status, d.failure});
    }
  }
  [[nodiscard]] room_hook_advance back() const {
    room_hook_advance b{hook_id, seq, {}, settled, failures, paused};
    for (const auto& d : dead) {
      auto& one = b.dead.emplace_back();
      one.seq = d.seq;
      one.attempts = d.attempts;
      one.status = d.status;
      one.failure = d.failure;
    }
    return b;
  }
};
auto fields(link_form<hook_advance_form> auto& v) {
  return std::tie(v.hook_id, v.seq, v.dead, v.settled, v.failures, v.paused);
}

struct history_form {
  std::string document;
  bool stale = false;
};
auto fields(link_form<history_form> auto& v) {
  return std::tie(v.document, v.stale);
}

}  // namespace greenroom::actors

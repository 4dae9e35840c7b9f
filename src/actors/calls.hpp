// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What is asked of the leader of a shard, on this node or another, and what it replies. These
/// structs cross links (calls_codec.hpp) and, as shared pointers, actors of one node.
///
/// A call is addressed to a shard and, within it, to a room or a user by id; never to an actor.
/// It is answered exactly once by a reply with its number, or the asker's time-out answers for it.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/calls_outbox.hpp"
#include "actors/calls_room_file.hpp"
#include "actors/calls_webhooks.hpp"
#include "chat/commands.hpp"
#include "chat/outcome.hpp"
#include "protocol/answers.hpp"
#include "protocol/requests.hpp"

namespace greenroom::actors {

using node_id = uuid;
/// Unique among the calls of one node's process.
using call_number = std::uint64_t;

// -- to a user (target: user id) --------------------------------------------------------------

struct user_register {
  protocol::register_request what;  ///< with the password: hashed by the leader's workers
  std::string address;
};
/// By password or refresh token (exactly one is set).
struct user_login {
  std::string password;
  std::string refresh_token;
  std::string device_id;
  std::string address;
};
/// A session is connected on `node`: checks that it may be, and subscribes the node to what
/// concerns the user. Repeated on a new leader, link epoch, or now and then.
struct user_attach {
  uuid session_id;
  node_id node;
  /// Rises with each attach and detach of the node: of two that overtake each other the later one
  /// counts.
  std::uint64_t order = 0;
  /// How he wants to be seen, as far as the session knows, and since when (0: never said).
  protocol::presence_status status = protocol::presence_status::online;
  unix_ms status_at = 0;
};
struct user_detach {
  node_id node;  ///< no session of the user is left there
  std::uint64_t order = 0;
};
struct user_set_presence {
  protocol::presence_status status = protocol::presence_status::online;
};
/// Only checks that the session is valid (calls over HTTP).
struct user_check {
  uuid session_id;
  bool stale = false;  ///< no leader can be asked: any replica answers as it knows it
};
struct user_logout {
  std::optional<uuid> session_id;
  bool all = false;
  bool token_only = false;  ///< what is no bot's token does not end; so for all but oneself
};
struct user_get {};
/// The open sessions; `session_id` is the asker's.
struct user_sessions {
  uuid session_id;
  bool by_admin = false;  ///< an operator or server admin asks: for a bot's tokens only
};
/// `session_id` stays, all others are revoked.
struct user_password {
  uuid session_id;
  std::string old_password;
  std::string new_password;
  bool by_admin = false;  ///< an operator or server admin asks, who does not know the old one
};
struct user_profile {
  protocol::update_profile_request what;
};
/// From oneself with the password, or from an operator or server admin.
struct user_close {
  chat::close_account::what how = chat::close_account::what::deactivate;
  bool by_admin = false;
  std::string password;
  uuid session_id = {};  ///< from where it comes; nil: from no session
};
/// From an operator or server admin.
struct user_set_role {
  protocol::user_role role = protocol::user_role::user;
};
/// All that is kept of the account itself, as JSON.
struct user_export {
  bool by_admin = false;
};
/// `place`: only whether there is one for another room (limits.rooms_per_user; direct rooms do not
/// count): done, or CONFLICT with the limit.
struct user_rooms {
  chat::user_room::standing state = chat::user_room::standing::joined;
  bool place = false;
  bool all = false;  ///< whatever their state
  uuid room{};       ///< `place`: what for; kept for it a few seconds, until the list has the room
};
/// From a room's shard.
struct user_line {
  chat::user_room line;
};
/// For operators: an access token without a password.
struct user_issue {
  std::string username;
  bool create = false;  ///< the account may be new
  /// Not 0: a bot's token, which reaches this far. Its account has the role bot.
  protocol::scope_bits scopes = 0;
  std::vector<uuid> rooms = {};  ///< empty: all
  std::int64_t lifetime_s = 0;   ///< of a bot's token; 0: until it is revoked
  std::string label = {};        ///< what its session is listed under; empty: "issued"
};

// -- to an e-mail id ----------------------------------------------------------------------------

struct email_reserve {
  uuid user_id;
};
struct email_settle {
  uuid user_id;
  bool confirmed = false;
};

// -- to a room (target: room id) -----------------------------------------------------------------

struct room_create {
  protocol::create_room_request what;
};
struct room_direct {
  uuid other;
};
struct room_join {};
struct room_leave {};
struct room_get {};
struct room_update {
  protocol::update_room_request what;
};
struct room_delete {};
struct room_invite {
  uuid user_id;
  std::optional<protocol::member_role> role;
};
struct room_remove {
  uuid user_id;
  bool ban = false;
};
struct room_unban {
  uuid user_id;
};
struct room_set_role {
  uuid user_id;
  protocol::member_role role = protocol::member_role::member;
};
/// From the outbox of its own shard: it was deleted, and what it had is to be erased. Answered when
/// that is done.
struct room_sweep {};
struct room_send {
  protocol::send_message_request what;
  std::string device_id = {};  ///< of the session; empty: none
};
// The rest of each request is in the call: who asks, and the room.
struct room_edit {
  uuid id;
  std::string content;
};
struct room_delete_message {
  uuid id;
};
struct room_react {
  uuid id;
  std::string emoji;
  bool add = false;
};
struct room_pin {
  uuid id;
  bool pinned = false;
};
/// One message, and who has received and read it.
/// From an operator or a server admin: see chat::announce.
struct room_announce {
  std::string content;
  bool of_server = false;
  uuid user_id;
};
struct room_message {
  uuid id;
};
struct room_mark {
  protocol::message_state status = protocol::message_state::read;
  std::uint64_t seq = 0;
};
/// Never in the log.
struct room_typing {
  bool is_typing = false;
};
struct room_history {
  protocol::history_request what;
  bool stale = false;  ///< no leader can be asked: any replica answers as it knows it
};
struct room_members {
  std::optional<std::string> cursor;
  std::uint32_t limit = 50;
};
/// A relay on `node` wants the room's events after `after_seq` for these users (live: from now on).
/// Replaces what the node had before. Repeated every 2 s until confirmed, and on a new leader, term
/// or link epoch.
struct room_attach {
  node_id node;
  std::optional<std::uint64_t> after_seq;
  std::vector<uuid> users;
};
/// Another local user for an attached relay: may he listen, and from where?
struct room_admit {
  uuid user_id;
};
struct room_detach {
  node_id node;
};
/// Entries from..to as events, for gaps and resume; at most `limit`.
struct room_entries {
  std::uint64_t from = 1;
  std::uint64_t to = 0;
  std::uint32_t limit = 200;
};

// -- to a shard (target: nil) ---------------------------------------------------------------------

struct shard_users {
  std::vector<uuid> ids;
  bool deactivated = false;  ///< these too, for lists; without it, only who can be asked in
};
struct shard_user_list {
  std::string query;
  std::optional<unix_ms> before_time;  ///< cursor
  uuid before_id;
  std::uint32_t limit = 50;
};
struct shard_public_rooms {
  std::optional<unix_ms> before_time;
  uuid before_id;
  std::uint32_t limit = 50;
  std::string query;
};
/// The rooms of a list as this user sees them, without those he is not in, or not invited to.
struct shard_room_views {
  std::vector<uuid> ids;
  bool invited = false;
};

/// `node` wants to be told when these people of the shard come, go, or want to be seen otherwise.
struct shard_watch {
  node_id node;
  bool afresh = false;  ///< forgets what the node watched before
  std::vector<uuid> watch;
  std::vector<uuid> forget;
};

/// Messages of these rooms that fit, for a member of them; `limit` newest ones after the cursor.
struct shard_search {
  std::string query;
  std::vector<uuid> rooms;
  std::optional<unix_ms> before_time;
  uuid before_id;
  std::uint32_t limit = 50;
};

/// For the admin actor of a node: a console's request as JSON.
struct admin_query {
  std::string json;
};

using call_body = std::variant<
    user_register, user_login, user_attach, user_detach, user_check, user_logout, user_get,
    user_rooms, user_line, user_issue, email_reserve, email_settle, room_create, room_join,
    room_leave, room_get, room_send, room_mark, room_history, room_members, room_attach, room_admit,
    room_detach, room_entries, shard_users, shard_user_list, shard_public_rooms, shard_room_views,
    admin_query, user_sessions, user_password, user_profile, user_close, user_set_role, user_export,
    user_set_presence, room_typing, shard_watch, room_direct, room_update, room_delete, room_invite,
    room_remove, room_unban, room_set_role, room_sweep, room_edit, room_delete_message, room_react,
    room_pin, room_message, shard_search, room_announce, room_export, room_webhooks, room_hook_post,
    room_hook_advance, room_restore, user_sweep, room_person_closed>;

struct call {
  call_number number = 0;
  std::uint16_t shard = 0;
  uuid target;        ///< room, user or e-mail id; nil: the shard itself
  chat::origin from;  ///< who asks with which request; nil user: the system
  std::uint32_t timeout_ms = 5000;
  call_body body;
};
using call_ptr = std::shared_ptr<const call>;

// -- replies
// ---------------------------------------------------------------------------------------

/// The answer for the client, ready.
struct answered {
  protocol::answer_data data;
  bool duplicate = false;
};
/// user_register, user_login, user_issue.
struct session_opened {
  protocol::auth_response response;
  bool duplicate = false;
};
/// user_attach, user_check.
struct user_attached {
  protocol::user self;  ///< own record
  std::uint64_t rooms_version = 0;
  std::vector<chat::user_room> rooms;  ///< joined ones
  protocol::presence_status status = protocol::presence_status::online;
  unix_ms status_at = 0;
  std::string device_id;               ///< of the session; empty: none
  protocol::token_limits limits = {};  ///< of the session
};
/// user_rooms.
struct user_room_lines {
  std::vector<chat::user_room> rooms;
};
/// room_attach: the stream begins after `after_seq`; per admitted user the seq of the entry that
/// made him a member; users not listed are no members.
struct room_attached {
  std::uint64_t after_seq = 0;
  std::uint64_t last_seq = 0;
  std::uint64_t term = 0;
  std::vector<std::pair<uuid, std::uint64_t>> members;
};
/// room_admit.
struct room_admitted {
  std::uint64_t joined_seq = 0;
  std::uint64_t last_seq = 0;
};
struct stream_event {
  uuid room_id;
  std::uint64_t seq = 0;  ///< 0: ephemeral, has no place in the order
  protocol::event_envelope event;
  /// Whose membership changes with it, and how (relays follow).
  std::optional<uuid> user_id;
};
/// room_entries.
struct room_page {
  std::vector<stream_event> events;
  std::uint64_t last_seq = 0;
  std::uint64_t first_seq = 1;  ///< the first one there is
};
/// shard_users, shard_user_list.
struct user_views {
  std::vector<protocol::user> users;
  /// Of shard_user_list: where it stopped looking although there are more (a list_cursor<2>).
  std::optional<std::string> stopped_at;
};
/// shard_public_rooms, shard_room_views.
struct room_views {
  std::vector<protocol::room> rooms;
  std::optional<std::string> stopped_at;  ///< of shard_public_rooms: as in user_views
};
/// user_logout tells which sessions ended.
struct logged_out {
  std::vector<uuid> session_ids;
};
struct done {};
/// What somebody looks like from outside. The larger `version` is the later truth.
struct presence_view {
  uuid user_id;
  bool is_online = false;
  protocol::presence_status status = protocol::presence_status::offline;
  unix_ms last_seen = 0;
  std::uint64_t version = 0;
};
/// shard_watch: of those that were named.
struct presence_views {
  std::vector<presence_view> views;
  /// False: this leader is so young that somebody who is connected may not have been heard of. What
  /// it says of him then follows.
  bool settled = true;
  std::uint64_t watched = 0;  ///< by the node, in this shard
};
/// admin_query.
struct admin_result {
  std::string json;
};
/// This node does not lead the shard; `leader` nil: unknown.
struct not_leader {
  node_id leader;
};

using reply_body = std::variant<answered, session_opened, user_attached, user_room_lines,
                                room_attached, room_admitted, room_page, user_views, room_views,
                                logged_out, done, admin_result, not_leader, error, presence_views>;

struct reply {
  call_number number = 0;
  reply_body body;
};
using reply_ptr = std::shared_ptr<const reply>;

// -- what flows without being asked --------------------------------------------------------------

/// From a user's actor to every node with sessions of his.
struct user_notice {
  enum class what : std::uint8_t {
    room_joined,  ///< subscribe to `room_id` from `entry_seq` on
    room_left,
    session_revoked,  ///< `session_id`, or all when nil
    status_set,       ///< he wants to be seen as `status` since `status_at`
    invitation,       ///< to `room_id`; its entry `entry_seq` says whether it came or ended
    role_changed,     ///< of the account: what a session may is to be read again
  };
  uuid user_id;
  what kind = what::room_joined;
  uuid room_id;
  std::uint64_t entry_seq = 0;
  uuid session_id;
  uuid partner;  ///< room_joined, of a direct room: the other one
  protocol::presence_status status = protocol::presence_status::online;
  unix_ms status_at = 0;
};

/// From a shard's leader to a node that watches: what has changed.
struct presence_publish {
  std::vector<presence_view> views;
};

/// From a room to the relays of a node. `event` null: the room repeats its last seq after a
/// silence, so that a relay that is behind asks for the rest.
struct room_publish {
  uuid room_id;
  std::uint64_t term = 0;
  std::uint64_t last_seq = 0;
  std::shared_ptr<const stream_event> event;
  /// The room's actor was restarted and knows its relays no more: attach again.
  bool reset = false;
};

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What a shard can be told to do. A command is complete: ids, time and hashes are in it, so that
/// every replica that applies it computes the same. Commands are the content of the Raft log.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "chat/records.hpp"
#include "protocol/requests.hpp"

namespace greenroom::chat {

/// Who asks with which request. A nil message_id means: not repeatable (internal commands).
struct origin {
  uuid user_id;
  uuid message_id;
  /// Keyed hash over the request's type and known fields without secrets.
  std::uint64_t fingerprint = 0;
  /// Of the account, as the asker's session knew it.
  user_role role = user_role::user;
};

// -- in the shard of a user -------------------------------------------------------------------

/// Creates the account and its first session. A repeat (same origin) puts the given refresh hash
/// into the session of the first time. An existing name otherwise: USERNAME_TAKEN.
struct register_user {
  origin from;
  user account;  ///< id derived from username; created_at is set when applied
  session first_session;
};

/// Adds a session to an account (log-in by password, token issue).
struct open_session {
  session opened;
};

/// Replaces the refresh token of a session. `presented` is the hash of what the client sent.
struct rotate_session {
  uuid user_id;
  uuid session_id;
  secret_hash presented{};
  secret_hash successor{};
  uuid message_id;
  unix_ms expires_at = 0;
};

/// Notes that a session was used (by its access token or on a connection).
struct touch_session {
  uuid user_id;
  uuid session_id;
};

/// Revokes one session, or all of a user.
struct revoke_sessions {
  origin from;
  std::optional<uuid> session_id;  ///< empty: all
};

/// Another password; all other sessions are revoked. Refused when the password is not any more the
/// one that was verified.
struct change_password {
  origin from;
  uuid session_id;            ///< stays; nil: none
  std::string verified_hash;  ///< what the old password was compared with
  std::string password_hash;
};

/// The address, if there is one, has been reserved before.
struct update_profile {
  origin from;
  protocol::update_profile_request what;
};

/// By an operator or a server admin.
struct set_user_role {
  uuid user_id;
  user_role role = user_role::user;
  origin from = {};
};

/// The end of an account, or its return. Who may is known to whoever proposes it: its password was
/// right, or an operator or a server admin asks.
struct close_account {
  enum class what : std::uint8_t {
    deactivate,  ///< no log-in, not listed, address free again; the record stays
    erase,       ///< … and nothing stays but the id; cannot be undone
    reopen,      ///< a deactivated one may be used again
  };
  origin from;
  uuid user_id;
  what how = what::deactivate;
  /// His rooms are told of it. Entries of logs that do not have this tell nobody.
  bool tells_rooms = false;
};

/// The user went offline at `at`; presence keeps last_seen.
struct set_last_seen {
  uuid user_id;
  unix_ms at = 0;
};

/// From the outbox of a room's shard.
struct put_user_room {
  user_room line;
  /// A room that takes an erased person for one of its people is told again that he is none. The
  /// same of entries that do not have this.
  bool answers_for_erased = false;
};

/// Tells a bounded part of a closed account's rooms of it.
struct sweep_user {
  uuid user_id;
};

// -- in the shard of an e-mail id ---------------------------------------------------------------

struct reserve_email {
  uuid email_id;
  uuid user_id;
};

struct settle_email {
  uuid email_id;
  uuid user_id;
  bool confirmed = false;  ///< false: released
};

// -- in the shard of a room -----------------------------------------------------------------------

struct create_room {
  origin from;
  uuid room_id;  ///< derived (protocol section 5)
  protocol::create_room_request what;
  std::uint64_t members_max =
      0;  ///< as the leader is set up, so that all decide alike; 0: no limit
};

struct join_room {
  origin from;
  uuid room_id;
  std::uint64_t members_max = 0;  ///< as above
};

struct leave_room {
  origin from;
  uuid room_id;
};

/// The direct room of two people.
struct create_direct {
  origin from;
  uuid room_id;  ///< derived
  uuid other;
};

struct update_room {
  origin from;
  protocol::update_room_request what;
};

struct delete_room {
  origin from;
  uuid room_id;
};

struct invite_person {
  origin from;
  uuid room_id;
  uuid user_id;
  std::optional<member_role> role;
};

/// Members and invitations; with `ban` anybody.
struct remove_person {
  origin from;
  uuid room_id;
  uuid user_id;
  bool ban = false;
};

struct unban_person {
  origin from;
  uuid room_id;
  uuid user_id;
};

struct set_member_role {
  origin from;
  uuid room_id;
  uuid user_id;
  member_role role = member_role::member;
};

/// Takes a bounded part of what is left of a deleted room out of the state: first the people, who
/// are told in their lists, then (when `content` says so) messages and entries.
struct sweep_room {
  uuid room_id;
  bool content = false;
};

struct send_message {
  origin from;
  uuid id;  ///< version 7, given by the leader
  protocol::send_message_request what;
  std::string device_id = {};  ///< of the session; empty: none
};

struct edit_message {
  origin from;
  protocol::edit_message_request what;
};

struct delete_message {
  origin from;
  protocol::delete_message_request what;
};

struct react {
  origin from;
  protocol::reaction_request what;
};

struct pin_message {
  origin from;
  protocol::pin_request what;
};

/// Cursors of several members in one command (marks may wait up to 50 ms to share it).
struct mark {
  struct one {
    uuid user_id;
    protocol::message_state status = protocol::message_state::read;
    std::uint64_t seq = 0;
  };
  uuid room_id;
  std::vector<one> marks;
};

/// By an operator (nobody's id) or a server admin.
struct announce {
  origin from;
  uuid id;  ///< of the message; version 7, given by the leader
  uuid room_id;
  std::string content;
  /// The room is the server's own and is made when it is not there: for `user_id`, who is brought
  /// in again if he has left, or, if that is nil, for everybody who joins.
  bool of_server = false;
  uuid user_id = {};
  /// From then on everybody is in the room. Entries of when people had to join it do not have this.
  bool everybody = false;
};

/// Takes a bounded part of what a room's retention does not keep out of the state, oldest first:
/// messages with their reactions, and entries. Refused when nothing is to go now, by the time of
/// this command and the retention that the room has then.
struct purge_room {
  uuid room_id;
  std::uint64_t up_to = 0;  ///< the last seq that may go
};

/// From the outbox of a user's shard: his account was closed. What he has made for the room stops;
/// who was erased leaves it.
struct close_person {
  uuid room_id;
  uuid user_id;
  bool erased = false;
};

/// Id, token or secret, and time are given by the leader.
struct create_webhook {
  origin from;
  webhook hook;
};

struct delete_webhook {
  origin from;
  uuid room_id;
  uuid hook_id;
};

/// How far the deliveries of an outgoing hook are; several in one command.
struct advance_webhook {
  uuid room_id;
  uuid hook_id;
  std::uint64_t seq = 0;
  std::vector<dead_delivery> dead;  ///< given up since the last time
  std::vector<uuid> settled;        ///< dead ones that have arrived after all
  std::uint32_t failures = 0;
  bool paused = false;
};

/// A dead delivery is tried again; without one: a paused hook goes on.
struct replay_webhook {
  origin from;
  uuid room_id;
  uuid hook_id;
  std::optional<uuid> delivery_id;
};

/// A part of a room's file: makes a room of it, for server admins. Each part is repeatable by what
/// it says: what is there already is passed over, so nothing is remembered of its message_id.
struct restored_entry {
  room_entry entry;
  std::uint64_t content_seq = 0;  ///< the entry that has made `object` say what it says
  std::optional<message> object;  ///< as the file shows it
};
struct restored_member {
  member who;
};
struct restore_room {
  origin from;
  uuid room_id;              ///< `original`, or derived from the asker and his message_id
  uuid original;             ///< the room that the file is of
  std::optional<room> head;  ///< the file's first line; its last_seq is that of the head
  std::vector<restored_entry> entries;
  bool closes = false;  ///< all entries have come, and are proven by what follows
  std::uint64_t last_seq = 0;
  protocol::digest chain{};
  std::vector<restored_member> members;
  bool ends = false;  ///< it opens
  /// The entry up to which it is restored, the same in each part; 0: all of them. Words that a
  /// later entry has made are not taken then: whoever wrote the file had no others any more.
  std::uint64_t to = 0;
  std::vector<std::uint64_t> lost = {};  ///< seqs of the messages whose words at `to` are not known
};

/// What has come of a room that is being restored is erased. By a server admin, or by the shard
/// itself (nobody's id) when nothing has come for a day.
struct abandon_restore {
  origin from;
  uuid room_id;
};

// -- in any shard
// ----------------------------------------------------------------------------------

/// Outbox items up to here have arrived.
struct forget_outbox {
  std::vector<std::uint64_t> ids;
};

using command_data =
    std::variant<register_user, open_session, rotate_session, touch_session, revoke_sessions,
                 set_last_seen, put_user_room, reserve_email, settle_email, create_room, join_room,
                 leave_room, send_message, mark, forget_outbox, change_password, update_profile,
                 set_user_role, close_account, create_direct, update_room, delete_room,
                 invite_person, remove_person, unban_person, set_member_role, sweep_room,
                 edit_message, delete_message, react, pin_message, purge_room, announce,
                 create_webhook, delete_webhook, advance_webhook, replay_webhook, restore_room,
                 abandon_restore, sweep_user, close_person>;

struct command {
  /// The leader's clock; what counts is the larger of this and the shard's last time.
  unix_ms time = 0;
  command_data data;
};

}  // namespace greenroom::chat

// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What a shard remembers. These are the truths; what clients see (protocol/records.hpp) is derived
/// from them. Plain values; how they become bytes is store/records.hpp.

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "protocol/answers.hpp"
#include "protocol/chain.hpp"
#include "protocol/records.hpp"
#include "protocol/scopes.hpp"

namespace greenroom::chat {

using protocol::member_role;
using protocol::message_type;
using protocol::room_event_kind;
using protocol::room_type;
using protocol::user_role;

/// SHA-256 of a secret that is never stored itself (refresh tokens).
using secret_hash = std::array<std::uint8_t, 32>;

struct user {
  uuid id;
  std::string username;
  std::string display_name;
  std::string avatar_url;
  std::string email;
  user_role role = user_role::user;
  std::string password_hash;  ///< argon2id string form; empty: no log-in by password
  unix_ms created_at = 0;
  unix_ms last_seen = 0;
  bool deactivated = false;
  bool erased = false;  ///< nothing is left of it but the id; deactivated as well
  /// Rises with every change of the user's list of rooms.
  std::uint64_t rooms_version = 0;
  bool leaving = false;  ///< closed, and his rooms are being told
  uuid told_room;        ///< … up to this one, by id
};

struct session {
  uuid id;
  uuid user_id;
  std::string device_id;
  std::string address;
  unix_ms created_at = 0;
  unix_ms last_used_at = 0;
  unix_ms expires_at = 0;  ///< of the refresh token
  secret_hash refresh_hash{};
  /// The refresh token before the present one, and the request that replaced it: a repeat of that
  /// request may have new tokens until the successor is used; any other use revokes the session.
  secret_hash previous_refresh_hash{};
  uuid rotated_by;
  bool successor_used = false;
  bool revoked = false;
  /// A token of a bot has a session of its own, so that it is listed and revoked as one; how far it
  /// reaches (protocol/scopes.hpp). 0: a log-in.
  protocol::scope_bits scopes = 0;
  std::vector<uuid> rooms;  ///< empty: all of the bot's
};

/// One line of a user's own list of rooms; follows the room's member list through the outbox.
struct user_room {
  enum class standing : std::uint8_t { joined, invited, left };
  uuid user_id;
  uuid room_id;
  standing state = standing::joined;
  /// Seq of the room's entry that made it so: an older one never overwrites a newer one.
  std::uint64_t entry_seq = 0;
  uuid partner;  ///< of a direct room: the other one; nil for other rooms
};

struct email_reservation {
  uuid id;  ///< email_id_of(folded address)
  uuid user_id;
  unix_ms reserved_at = 0;
  bool confirmed = false;  ///< unconfirmed ones are free again after 10 minutes
};

/// How far a room is that is made from its file (docs/protocol.md, section 7.2).
struct restoration {
  enum class what : std::uint8_t {
    none,      ///< it was never restored
    filling,   ///< entries are taken; for everybody the room does not exist (it counts as deleted)
    people,    ///< all entries are there and proven: members are taken; it does not exist yet
    telling,   ///< it is open, and the lists of its members follow
    done,      ///< … have followed
    given_up,  ///< what came of it is being erased
    erased,    ///< nothing is left: it may be begun again
  };
  what is = what::none;
  uuid from;                   ///< the room that the file is of
  uuid by;                     ///< who restores it
  unix_ms at = 0;              ///< of the last part that came
  std::uint64_t unproven = 0;  ///< messages whose words the entry that made them is yet to prove
  uuid told;                   ///< telling: the last member whose list was told
  std::uint64_t to = 0;        ///< the entry of the file up to which it comes; 0: all of them
};

struct room {
  uuid id;
  std::string name;
  std::string alias;
  std::string description;
  std::string topic;
  room_type type = room_type::group;
  bool is_private = false;
  bool archived = false;
  bool deleted = false;
  uuid created_by;
  uuid created_with;  ///< message_id of the creating request
  unix_ms created_at = 0;
  unix_ms last_message_at = 0;
  std::uint64_t last_seq = 0;
  std::uint64_t member_count = 0;
  std::uint64_t owner_count = 0;
  std::vector<uuid> first_members;  ///< up to room_members_shown_max, in order of joining
  protocol::room_retention retention;
  /// Deleted rooms: up to here messages and entries are gone.
  std::uint64_t swept_seq = 0;
  /// Up to here its retention has taken messages and entries.
  std::uint64_t purged_seq = 0;
  /// From here on entries have digests and messages are counted; 0: from the next entry on (a room
  /// of a version that had neither).
  std::uint64_t chain_from = 0;
  std::uint64_t message_count = 0;  ///< messages that are there, deleted ones included
  protocol::digest chain{};         ///< over all entries from chain_from to last_seq
  protocol::digest anchor{};        ///< what it was at purged_seq
  restoration restored;
  /// Everybody who has an account is in it as a guest, without a record that says so: members are
  /// only kept to know how far they have read.
  bool everybody = false;
};

struct member {
  uuid user_id;
  member_role role = member_role::member;
  unix_ms joined_at = 0;
  std::uint64_t joined_seq = 0;  ///< the entry of the present membership
  std::uint64_t delivered_seq = 0;
  std::uint64_t read_seq = 0;
};

/// One who is no member, and whom the room knows all the same.
struct outsider {
  enum class standing : std::uint8_t { invited, banned };
  uuid user_id;
  standing is = standing::invited;
  member_role role = member_role::member;  ///< of an invitation: what he will be
  uuid by;
  unix_ms since = 0;
  std::uint64_t entry_seq = 0;  ///< the entry that made it so
};

/// The object as it is now; (room, seq of its first entry) is its key.
struct message {
  uuid id;
  uuid message_id;
  uuid room_id;
  std::uint64_t seq = 0;
  uuid sender_id;
  message_type type = message_type::text;
  std::string content;
  nlohmann::json metadata;
  std::optional<uuid> reply_to;
  std::optional<uuid> thread;
  std::vector<uuid> mentions;
  bool pinned = false;
  unix_ms created_at = 0;
  unix_ms edited_at = 0;
  unix_ms deleted_at = 0;
  std::vector<protocol::reaction> reactions;  ///< in the order in which the kinds came up
  // Seqs of the changes that made it what it is; 0: it was never changed so. A request that changes
  // nothing is answered with them.
  std::uint64_t edited_seq = 0;
  std::uint64_t deleted_seq = 0;
  std::uint64_t pinned_seq = 0;
};

/// What one user thinks of one message with one emoji. Stays, as absent, when it is taken back:
/// taking it back once more is answered with the seq of the first time.
struct reaction_mark {
  uuid message_id;  ///< reactions_key() of the message
  uuid user_id;
  std::string emoji;
  std::uint64_t seq = 0;  ///< of the change that made it so
  bool present = true;
};

/// Something a device has sent into a room with a device_seq: how far it is, or (one per message)
/// where the message is that a message_id of it led to.
struct device_mark {
  uuid room_id;
  uuid id;                      ///< device_mark_id() or sent_mark_id()
  std::uint64_t number = 0;     ///< the last device_seq, or the seq of the message
  std::uint64_t raft_term = 0;  ///< of the message's entry
};

/// What such marks are found by: derived, because their parts are longer than a key.
uuid reaction_mark_id(const uuid& user_id, const std::string& emoji);
/// What the reactions to a message are kept under: its id, but in a room that was restored under
/// another id one of the room's own, because the first room may be in the same shard.
uuid reactions_key(const room& r, const uuid& message_id);
uuid device_mark_id(const uuid& user_id, const std::string& device_id);
uuid sent_mark_id(const uuid& user_id, const uuid& message_id);

/// One place in a room's order: what resume replays. Objects are not copied into it.
struct room_entry {
  enum class what : std::uint8_t { message, message_change, membership };
  std::uint64_t seq = 0;
  unix_ms time = 0;
  uuid by;
  what kind = what::message;
  // message, message_change: the seq of the message object
  std::uint64_t message_seq = 0;
  protocol::message_change change = protocol::message_change::edited;
  std::string emoji;
  // membership (and created/updated/deleted)
  room_event_kind event = room_event_kind::created;
  uuid user_id;
  // What was written then, for good: protocol/chain.hpp. The second is of the message as the entry
  // left it, where it has changed what the message says.
  protocol::digest digest{};
  protocol::digest content{};
};

/// The remembered answer of a write (protocol section 2: repeatable for 24 h).
struct dedup {
  uuid user_id;
  uuid message_id;
  std::uint64_t fingerprint = 0;
  unix_ms time = 0;
  /// What the answer can be rebuilt from.
  uuid object_id;  ///< room, message or session
  uuid room_id;
  std::uint64_t seq = 0;
  std::uint64_t raft_term = 0;  ///< term of the entry that wrote it
  unix_ms object_time = 0;      ///< created_at of the object; 0: `time`
};

/// What connects a room with other programs (docs/protocol.md, Webhooks).
struct webhook {
  enum class what : std::uint8_t { incoming, outgoing };
  /// Kinds of events, as bits of `events`.
  enum class event : std::uint8_t { message_received, message_updated, room_event };

  uuid id;
  uuid room_id;
  what kind = what::incoming;
  std::string name;
  uuid created_by;  ///< incoming: in whose name and with whose rights it sends
  unix_ms created_at = 0;
  secret_hash token_hash{};  ///< incoming: of the token, which is not stored

  // outgoing
  std::string url;
  std::string secret;  ///< deliveries are signed with it, so it is stored as it is
  std::uint8_t events = 0;
  std::uint64_t delivered_seq = 0;  ///< everything up to here was delivered, or given up
  std::uint32_t failures = 0;       ///< deliveries given up since the last that arrived
  bool paused = false;              ///< it failed for too long; nothing is delivered
  unix_ms paused_at = 0;
  std::string last_error;          ///< of the last delivery that was given up
  std::uint64_t dead_dropped = 0;  ///< given up and forgotten, because there were too many
  bool maker_gone = false;         ///< paused because the account that made it was closed
};

constexpr std::uint8_t bit_of(webhook::event e) noexcept {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(e));
}

/// A delivery that was given up.
struct dead_delivery {
  uuid hook_id;
  uuid id;                ///< delivery_id_of(hook_id, seq)
  std::uint64_t seq = 0;  ///< of the event
  unix_ms given_up_at = 0;
  std::uint32_t attempts = 0;
  std::uint32_t status = 0;  ///< of the last answer; 0: there was none
  std::string failure;
  bool replay = false;  ///< it was asked to be tried again
};

/// The same for all attempts, on whatever node.
uuid delivery_id_of(const uuid& hook_id, std::uint64_t seq);

/// Something one shard decided that another has to know: at least once, in order per target.
struct outbox_item {
  std::uint64_t id = 0;  ///< rising per shard; given by the state
  uuid target;           ///< the user, e-mail or room id whose shard it goes to
  /// What happens there: a user_room line, an e-mail confirmed or released for `user_id`, or a
  /// deleted room that is emptied (or a restored one whose members are told), the rooms of a closed
  /// account that are told, a room that is told that `user_id` was deactivated, or erased.
  enum class what : std::uint8_t {
    user_room,
    confirm_email,
    release_email,
    sweep_room,
    sweep_user,
    person_closed,
    person_erased,
  };
  what kind = what::user_room;
  user_room line;
  uuid user_id;
};

}  // namespace greenroom::chat

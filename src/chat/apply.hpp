// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The rules of greenroom: one command on one state gives one outcome. Deterministic: no clock, no
/// randomness, no I/O but the state. Every replica applies the same commands in the same order.
/// Decisions are made here and nowhere else; earlier checks by actors only refuse cheaply.

#include <cstddef>
#include <string>
#include <string_view>

#include "chat/commands.hpp"
#include "chat/outcome.hpp"
#include "chat/permissions.hpp"
#include "chat/state.hpp"

namespace greenroom::chat {

/// What of the log entry the rules may know.
struct entry_context {
  std::uint64_t term = 0;
};

/// Never throws by itself. A refused command changes nothing but the clock, with two exceptions
/// that are the point of the refusal: a spent refresh token revokes its session, and a refused
/// registration gives the e-mail address back that was reserved for it.
outcome apply(const command& c, const entry_context& at, state& s);

/// How long a message_id is remembered.
inline constexpr unix_ms dedup_window_ms = 24 * 60 * 60 * 1000;
inline constexpr unix_ms email_reservation_ms = 10 * 60 * 1000;
/// Open sessions of one user; opening another one drops the one not used for the longest time.
inline constexpr std::size_t sessions_per_user_max = 100;
/// Tokens of one bot that are good at once; they do not count as sessions above.
inline constexpr std::size_t tokens_per_bot_max = 50;
/// Members one message can mention, and names that are looked up to find them.
inline constexpr std::size_t mentions_max = 50;
inline constexpr std::size_t mention_lookups_max = 100;
/// How much of a deleted room one command takes away: people, or messages and entries.
inline constexpr std::size_t swept_people_max = 200;
inline constexpr std::size_t swept_records_max = 500;
/// How many rooms of a closed account one command tells.
inline constexpr std::size_t told_rooms_max = 200;
/// How many seqs of a room one command takes away for its retention.
inline constexpr std::uint64_t purged_seqs_max = 500;

/// A room whose file stops coming is given up after this.
inline constexpr unix_ms restoration_rests_max_ms = unix_ms{24} * 60 * 60 * 1000;

/// An e-mail address as it is compared and reserved: ASCII letters in lower case, the rest as is.
std::string fold_email(std::string_view address);

/// Webhooks of one room, deliveries of one hook that are kept after they were given up, and how
/// many of them in a row pause a hook.
inline constexpr std::size_t webhooks_per_room_max = 20;
inline constexpr std::size_t dead_deliveries_max = 100;
inline constexpr std::uint32_t failures_until_paused = 10;

// -- views: records as clients see them --------------------------------------------------------
protocol::user view(const user& u, bool own, bool online);
/// `with_members`: false in events (members: null).
protocol::room view(const room& r, bool with_members);
protocol::message view(const message& m);
/// The event that an entry is, with the objects as they are now. Of a change of a message that
/// retention has taken since, only that it is gone: `deleted`, of a message without id and content.
/// Empty when the message of a message's own entry is not there (it never should be).
std::optional<protocol::event_envelope> event_of(const room& r, const room_entry& e,
                                                 const std::optional<message>& object);

/// Whether a room's retention lets its first entry go: `first_time` is that entry's.
bool purge_is_due(const room& r, unix_ms first_time, unix_ms now);

/// The digest that this entry has to have.
protocol::digest digest_of(const room_entry& e);

/// Early refusal by the leader, before anything is proposed: the same rule as in apply.
std::optional<error> may_send(const room& r, const std::optional<member>& m);
std::optional<error> may_read(const std::optional<room>& r, const std::optional<member>& m);
/// Where it is known that he is invited or an admin of the server: for them the room exists.
std::optional<error> may_read(const std::optional<room>& r, const person& who);

}  // namespace greenroom::chat

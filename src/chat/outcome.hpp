// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What applying a command leads to: one result for whoever asked, and effects for the others.

#include <memory>
#include <variant>
#include <vector>

#include "chat/records.hpp"
#include "protocol/answers.hpp"
#include "protocol/error.hpp"

namespace greenroom::chat {

/// register_user, open_session, rotate_session: the session that may be given tokens.
struct session_granted {
  user account;
  session granted;
};

/// revoke_sessions: those that were open until now.
struct sessions_revoked {
  std::vector<uuid> session_ids;
};

/// update_profile, set_user_role, close_account: the account as it is now.
struct account_changed {
  user account;
};

/// create_room, create_direct, join_room. The answer to a repeat shows the room as it is now;
/// whoever has left since then gets a `self` with joined_seq 0.
struct room_joined {
  room now;
  member self;
};

/// leave_room.
struct room_left {
  uuid room_id;
};

/// update_room; for a repeat the room as it is now.
struct room_updated {
  room now;
};

/// sweep_room: what is still there; sweep_user: `people` when there are more rooms to tell.
struct room_swept {
  enum class left : std::uint8_t { people, content, nothing };
  left what = left::nothing;
};

/// send_message and what changes a message; `seq` is the place of this change, `created_at` the
/// message's. Term and replicas of the acknowledgement are the replica's to add; for a
/// duplicate `term` is that of the first time.
struct message_written {
  uuid room_id;
  uuid id;
  std::uint64_t seq = 0;
  unix_ms created_at = 0;
  std::uint64_t term = 0;
};

/// mark: one verdict per mark, in order (empty: fine).
struct marked {
  std::vector<std::optional<error>> verdicts;
};

/// purge_room: all up to `purged_seq` is gone; `more`: and more has to go now.
struct room_purged {
  uuid room_id;
  std::uint64_t purged_seq = 0;
  bool more = false;
};

/// create_webhook, delete_webhook, advance_webhook, replay_webhook: as it is now, or was.
struct webhook_changed {
  webhook hook;
};

/// The rest.
struct done {};

using result = std::variant<session_granted, sessions_revoked, account_changed, room_joined,
                            room_left, message_written, marked, room_updated, room_swept, done,
                            error, room_purged, webhook_changed>;

/// Something the listeners of a room see, complete.
struct room_change {
  uuid room_id;
  std::uint64_t seq = 0;
  protocol::event_envelope event;
  /// joined, left, removed, banned: whose membership changed (relays follow it).
  std::optional<uuid> user_id;
};

/// A cursor that moved.
struct cursor_change {
  uuid room_id;
  uuid user_id;
  protocol::message_state status = protocol::message_state::read;
  std::uint64_t seq = 0;
};

struct outcome {
  result answer = done{};
  bool duplicate = false;
  std::vector<room_change> changes;
  std::vector<cursor_change> cursors;
  /// Newly written outbox items, with ids.
  std::vector<outbox_item> outbox;
  /// Sessions of the command's user that were open until now: their connections are to be closed.
  /// Also filled when the answer is an error (a spent refresh token) or a grant (too many
  /// sessions).
  std::vector<uuid> revoked;
  /// put_user_room that had an effect: the user's list as it is now has this version.
  std::optional<user_room> list_change;
  /// What that line was before; empty: there was none.
  std::optional<user_room::standing> list_before;
  std::uint64_t rooms_version = 0;
};

}  // namespace greenroom::chat

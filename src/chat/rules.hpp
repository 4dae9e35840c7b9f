// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Inside of chat: what the rules of all verbs share. Everybody else includes chat/apply.hpp.
///
/// A rule checks first and writes afterwards: once it has written something it cannot refuse any
/// more. That is what makes a refused command change nothing.

#include <optional>
#include <string>
#include <utility>

#include "chat/apply.hpp"

namespace greenroom::chat::rules {

/// One command being applied.
struct context {
  state& s;
  unix_ms now = 0;
  std::uint64_t term = 0;
  outcome out;
};

// One rule per command, in the file named after its subject.
result decide(context& c, const register_user& cmd);
result decide(context& c, const set_last_seen& cmd);
result decide(context& c, const put_user_room& cmd);
result decide(context& c, const open_session& cmd);
result decide(context& c, const rotate_session& cmd);
result decide(context& c, const touch_session& cmd);
result decide(context& c, const revoke_sessions& cmd);
result decide(context& c, const reserve_email& cmd);
result decide(context& c, const settle_email& cmd);
result decide(context& c, const create_room& cmd);
result decide(context& c, const join_room& cmd);
result decide(context& c, const leave_room& cmd);
result decide(context& c, const send_message& cmd);
result decide(context& c, const mark& cmd);
result decide(context& c, const forget_outbox& cmd);

/// An error, with the field of the request it is about.
error refusal(ec code, std::string message, std::string field = {});

/// What is remembered of this request; empty when it is unknown, too old or not repeatable.
std::optional<dedup> remembered(const context& c, const origin& from);
/// Remembers a success. `object_id`, `room_id` and `seq` are what its answer is rebuilt from.
void remember(context& c, const origin& from, const uuid& object_id, const uuid& room_id,
              std::uint64_t seq);

/// The first answer again if this request was answered before (then nothing may be written), or
/// the refusal of a message_id that was used for something else; empty for a new request.
template <class Rebuild>
std::optional<result> repeated(context& c, const origin& from, Rebuild rebuild) {
  const auto first = remembered(c, from);
  if (!first) return std::nullopt;
  if (first->fingerprint != from.fingerprint)
    return refusal(ec::conflict, "this message_id was used for another request", "message_id");
  c.out.duplicate = true;
  return rebuild(*first);
}

/// Appends an outbox item and reports it.
void emit(context& c, outbox_item item);
/// Tells the shard of `user_id` that its list of rooms changes.
void emit_user_room(context& c, const room& r, const uuid& user_id, user_room::standing standing);

/// Gives `e` the room's next seq and the time of the command, writes it together with the room,
/// and reports the event. `object` is the message that `e` is about, already written.
void write_entry(context& c, room& r, room_entry e, const std::optional<message>& object);

/// Why somebody who is no member may not do anything in the room: rooms that are not public do not
/// exist for him.
error stranger(const room& r);

/// Ids of the members whose names follow an `@` in the text, each once, in order of appearance.
std::vector<uuid> mentions_in(const context& c, const uuid& room_id, const std::string& text);

}  // namespace greenroom::chat::rules

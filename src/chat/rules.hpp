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
#include "chat/permissions.hpp"

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
result decide(context& c, const change_password& cmd);
result decide(context& c, const update_profile& cmd);
result decide(context& c, const set_user_role& cmd);
result decide(context& c, const close_account& cmd);
result decide(context& c, const reserve_email& cmd);
result decide(context& c, const settle_email& cmd);
result decide(context& c, const create_room& cmd);
result decide(context& c, const join_room& cmd);
result decide(context& c, const leave_room& cmd);
result decide(context& c, const create_direct& cmd);
result decide(context& c, const update_room& cmd);
result decide(context& c, const delete_room& cmd);
result decide(context& c, const sweep_room& cmd);
result decide(context& c, const invite_person& cmd);
result decide(context& c, const remove_person& cmd);
result decide(context& c, const unban_person& cmd);
result decide(context& c, const set_member_role& cmd);
result decide(context& c, const send_message& cmd);
result decide(context& c, const edit_message& cmd);
result decide(context& c, const delete_message& cmd);
result decide(context& c, const react& cmd);
result decide(context& c, const pin_message& cmd);
result decide(context& c, const announce& cmd);
result decide(context& c, const mark& cmd);
result decide(context& c, const forget_outbox& cmd);
result decide(context& c, const purge_room& cmd);
result decide(context& c, const create_webhook& cmd);
result decide(context& c, const delete_webhook& cmd);
result decide(context& c, const advance_webhook& cmd);
result decide(context& c, const replay_webhook& cmd);
result decide(context& c, const restore_room& cmd);
result decide(context& c, const abandon_restore& cmd);
result decide(context& c, const sweep_user& cmd);
result decide(context& c, const close_person& cmd);
/// The record of a room that is or was. What is left of a restoration that was given up is none.
std::optional<room> find_made(const context& c, const uuid& room_id);
/// A bounded part of the lists of a restored room's members.
room_swept tell_restored(context& c, room& r);
/// With what is left of its deliveries.
void erase_webhook(context& c, const uuid& room_id, const uuid& hook_id);

/// An error, with the field of the request it is about.
error refusal(ec code, std::string message, std::string field = {});

/// What is remembered of this request; empty when it is unknown, too old or not repeatable.
std::optional<dedup> remembered(const context& c, const origin& from);
/// Remembers a success. `object_id`, `room_id`, `seq` and `object_time` (of an object that is older
/// than the request) are what its answer is rebuilt from.
void remember(context& c, const origin& from, const uuid& object_id, const uuid& room_id,
              std::uint64_t seq, unix_ms object_time = 0);

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

/// Revokes the open sessions of a user but for one, and reports them.
void revoke_others(context& c, const uuid& user_id, const uuid& kept);
/// Those that are a bot's tokens.
void revoke_tokens(context& c, const uuid& user_id);
/// Tells the shard of the account's address whose it is from now on (or no more).
void settle_email_later(context& c, const user& account, outbox_item::what how);
/// The rooms of a closed account will be told, bit by bit.
void tell_rooms_later(context& c, user& account);
/// Appends an outbox item and reports it.
void emit(context& c, outbox_item item);
/// Tells the shard of `user_id` that its list of rooms changes.
void emit_user_room(context& c, const room& r, const uuid& user_id, user_room::standing standing);

/// Gives `e` the room's next seq and the time of the command, writes it together with the room,
/// and reports the event. `object` is the message that `e` is about, already written.
void write_entry(context& c, room& r, room_entry e, const std::optional<message>& object);

/// Gives the entry its digests and makes it the newest of the room's chain. `event`: as it is told.
void link(room& r, room_entry& e, const std::optional<protocol::event_envelope>& event);

/// The room, or that there is none (any more).
expected<room> find_open_room(const context& c, const uuid& room_id);
/// How somebody stands to the room.
person person_in(const context& c, const room& r, const uuid& user_id,
                 user_role account = user_role::user);
/// An entry about the room or somebody in it.
room_entry membership_entry(room_event_kind event, const uuid& by, const uuid& user_id);
/// Puts a member into the room's books; `seq` is that of the entry which makes him one.
member enter(context& c, room& r, const uuid& user_id, member_role role, std::uint64_t seq);
/// Takes a member out of the room's books.
void exit(context& c, room& r, const member& m);
/// Somebody who is the last owner cannot go, or be less, while there are others.
std::optional<error> keeps_an_owner(const room& r, const member& m);

/// Ids of the members whose names follow an `@` in the text, each once, in order of appearance.
/// `may_call_all`: `@room` means everybody and is found as the room's id.
std::vector<uuid> mentions_in(const context& c, const uuid& room_id, const std::string& text,
                              bool may_call_all);

/// One reaction more, or less, in what a message shows.
void count_in(message& m, const std::string& emoji, const uuid& user_id);
void count_out(message& m, const std::string& emoji, const uuid& user_id);

/// The answer of a send or of a change of a message that was repeated.
result written_before(const dedup& first);
/// The device's word on a send that has a device_seq: empty when it is the next, else the answer of
/// the first time or the refusal.
std::optional<result> device_says(context& c, const send_message& cmd);
/// Notes a message that was sent with a device_seq.
void note_device(context& c, const send_message& cmd, const message& m);

}  // namespace greenroom::chat::rules

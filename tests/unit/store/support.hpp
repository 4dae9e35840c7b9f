// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Folders that vanish, ids that are easy to tell apart, and a sample of each record.

#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "chat/records.hpp"
#include "store/database.hpp"
#include "support/temporary_folder.hpp"

namespace greenroom::store::test {

using temp_folder = greenroom::test::temporary_folder;

inline std::unique_ptr<database> open_or_throw(const std::filesystem::path& folder) {
  auto db = database::open(folder, {});
  if (!db) throw std::runtime_error(db.error().message);
  return std::move(*db);
}

/// An id whose 16 bytes are all `n`.
inline uuid id_of(std::uint8_t n) {
  uuid id;
  id.bytes.fill(n);
  return id;
}

inline chat::user sample_user() {
  chat::user v;
  v.id = id_of(1);
  v.username = "alice";
  v.display_name = "Alice Ä";
  v.email = "alice@example.org";
  v.role = chat::user_role::admin;
  v.password_hash = "$argon2id$v=19$m=1,t=1,p=1$c2FsdA$aGFzaA";
  v.created_at = 1'700'000'000'123;
  v.last_seen = 1'700'000'001'000;
  v.rooms_version = 7;
  return v;
}

inline chat::session sample_session() {
  chat::session v;
  v.user_id = id_of(1);
  v.id = id_of(2);
  v.device_id = "phone";
  v.address = "192.0.2.1";
  v.created_at = 1'700'000'000'123;
  v.last_used_at = 1'700'000'000'456;
  v.expires_at = 1'702'000'000'000;
  v.refresh_hash.fill(0xab);
  v.revoked = true;
  return v;
}

inline chat::room sample_room() {
  chat::room v;
  v.id = id_of(3);
  v.name = "General";
  v.alias = "general";
  v.type = chat::room_type::open;
  v.created_by = id_of(1);
  v.created_with = id_of(9);
  v.created_at = 1'700'000'000'123;
  v.last_seq = 300;
  v.member_count = 2;
  v.owner_count = 1;
  v.first_members = {id_of(1), id_of(4)};
  return v;
}

inline chat::member sample_member() {
  return {id_of(4), chat::member_role::owner, 1'700'000'000'123, 1, 250, 240};
}

inline chat::outsider sample_outsider() {
  return {id_of(4),
          chat::outsider::standing::banned,
          chat::member_role::guest,
          id_of(1),
          1'700'000'000'123,
          17};
}

inline chat::message sample_message() {
  chat::message v;
  v.id = id_of(5);
  v.message_id = id_of(6);
  v.room_id = id_of(3);
  v.seq = 42;
  v.sender_id = id_of(1);
  v.content = "hello, @bob";
  v.metadata = {{"a", 1}, {"b", {true, nullptr, -2, 1.5, "x"}}};
  v.reply_to = id_of(7);
  v.mentions = {id_of(4)};
  v.created_at = 1'700'000'000'123;
  return v;
}

inline chat::room_entry sample_entry() {
  chat::room_entry v;
  v.seq = 42;
  v.time = 1'700'000'000'123;
  v.by = id_of(1);
  v.kind = chat::room_entry::what::message;
  v.message_seq = 42;
  return v;
}

inline chat::dedup sample_dedup() {
  return {id_of(1), id_of(6), 0xfedcba9876543210, 1'700'000'000'123, id_of(5), id_of(3), 42, 3};
}

/// A message with everything a message can have.
inline chat::message sample_changed_message() {
  auto v = sample_message();
  v.thread = id_of(8);
  v.pinned = true;
  v.edited_at = 1'700'000'000'456;
  v.deleted_at = 1'700'000'000'789;
  v.reactions = {{"+1", 2, {id_of(1), id_of(4)}}, {"\xe2\x9d\xa4", 300, {}}};
  v.edited_seq = 50;
  v.deleted_seq = 300;
  v.pinned_seq = 51;
  return v;
}

inline chat::reaction_mark sample_reaction() {
  return {id_of(5), id_of(4), "+1", 52, false};
}

inline chat::device_mark sample_device() {
  return {id_of(3), id_of(9), 300, 3};
}

inline chat::webhook sample_webhook() {
  chat::webhook v;
  v.id = id_of(6);
  v.room_id = id_of(3);
  v.kind = chat::webhook::what::outgoing;
  v.name = "build";
  v.created_by = id_of(1);
  v.created_at = 1'700'000'000'123;
  v.token_hash.fill(0xab);
  v.url = "https://a.example/";
  v.secret = "s";
  v.events = 5;
  v.delivered_seq = 300;
  v.failures = 2;
  v.paused = true;
  v.paused_at = 1'700'000'000'124;
  v.last_error = "no";
  v.dead_dropped = 1;
  return v;
}

inline chat::dead_delivery sample_dead() {
  chat::dead_delivery v;
  v.hook_id = id_of(6);
  v.id = id_of(7);
  v.seq = 300;
  v.given_up_at = 1'700'000'000'123;
  v.attempts = 9;
  v.status = 503;
  v.failure = "no";
  v.replay = true;
  return v;
}

inline chat::outbox_item sample_outbox() {
  chat::outbox_item v;
  v.id = 11;
  v.target = id_of(4);
  v.line = {id_of(4), id_of(3), chat::user_room::standing::invited, 17, {}};
  return v;
}

}  // namespace greenroom::store::test

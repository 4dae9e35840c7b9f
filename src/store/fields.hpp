// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The fields of each record in the order of the format (docs/storage.md). Append only; never
/// reorder, remove or change a default: tests/unit/store/golden.txt holds the bytes.
///
/// Templates over the constness of the struct, so that one list writes and reads.

#include <concepts>
#include <type_traits>

#include "store/packing.hpp"
#include "store/records.hpp"

namespace greenroom::store::packing {

template <>
inline constexpr auto last_of<protocol::user_role> = protocol::user_role::admin;
template <>
inline constexpr auto last_of<protocol::room_type> = protocol::room_type::direct;
template <>
inline constexpr auto last_of<protocol::member_role> = protocol::member_role::owner;
template <>
inline constexpr auto last_of<protocol::message_type> = protocol::message_type::system;
template <>
inline constexpr auto last_of<protocol::message_change> = protocol::message_change::pinned;
template <>
inline constexpr auto last_of<protocol::room_event_kind> = protocol::room_event_kind::deleted;
template <>
inline constexpr auto last_of<chat::user_room::standing> = chat::user_room::standing::left;
template <>
inline constexpr auto last_of<chat::room_entry::what> = chat::room_entry::what::membership;
template <>
inline constexpr auto last_of<chat::outbox_item::what> = chat::outbox_item::what::person_erased;
template <>
inline constexpr auto last_of<chat::webhook::what> = chat::webhook::what::outgoing;
template <>
inline constexpr auto last_of<chat::outsider::standing> = chat::outsider::standing::banned;

template <>
inline constexpr auto last_of<chat::restoration::what> = chat::restoration::what::erased;

/// `T` or `const T`.
template <class V, class T>
concept one = std::same_as<std::remove_const_t<V>, T>;

}  // namespace greenroom::store::packing

// fields() is found by argument-dependent look-up, so each is beside its struct.
namespace greenroom::protocol {

auto fields(store::packing::one<room_retention> auto& v) {
  return std::tie(v.max_age_days, v.max_messages);
}

auto fields(store::packing::one<reaction> auto& v) {
  return std::tie(v.emoji, v.count, v.user_ids);
}

}  // namespace greenroom::protocol

namespace greenroom::chat {

using store::packing::one;

auto fields(one<user> auto& v) {
  return std::tie(v.username, v.display_name, v.avatar_url, v.email, v.role, v.password_hash,
                  v.created_at, v.last_seen, v.rooms_version, v.deactivated, v.erased, v.leaving,
                  v.told_room);
}

auto fields(one<session> auto& v) {
  return std::tie(v.device_id, v.address, v.created_at, v.last_used_at, v.expires_at,
                  v.refresh_hash, v.previous_refresh_hash, v.rotated_by, v.successor_used,
                  v.revoked, v.scopes, v.rooms);
}

auto fields(one<user_room> auto& v) {
  return std::tie(v.state, v.entry_seq, v.partner);
}

auto fields(one<email_reservation> auto& v) {
  return std::tie(v.user_id, v.reserved_at, v.confirmed);
}

auto fields(one<restoration> auto& v) {
  return std::tie(v.is, v.from, v.by, v.at, v.unproven, v.told, v.to);
}

auto fields(one<room> auto& v) {
  return std::tie(v.name, v.type, v.created_by, v.created_at, v.created_with, v.last_message_at,
                  v.last_seq, v.member_count, v.owner_count, v.first_members, v.alias,
                  v.description, v.topic, v.is_private, v.archived, v.deleted, v.retention,
                  v.swept_seq, v.purged_seq, v.chain_from, v.message_count, v.chain, v.anchor,
                  v.restored, v.everybody);
}

auto fields(one<member> auto& v) {
  return std::tie(v.role, v.joined_at, v.joined_seq, v.delivered_seq, v.read_seq);
}

auto fields(one<outsider> auto& v) {
  return std::tie(v.is, v.role, v.by, v.since, v.entry_seq);
}

auto fields(one<message> auto& v) {
  return std::tie(v.sender_id, v.created_at, v.id, v.message_id, v.content, v.type, v.metadata,
                  v.reply_to, v.thread, v.mentions, v.pinned, v.edited_at, v.deleted_at,
                  v.reactions, v.edited_seq, v.deleted_seq, v.pinned_seq);
}

auto fields(one<reaction_mark> auto& v) {
  return std::tie(v.user_id, v.emoji, v.seq, v.present);
}

auto fields(one<device_mark> auto& v) {
  return std::tie(v.number, v.raft_term);
}

auto fields(one<room_entry> auto& v) {
  return std::tie(v.kind, v.time, v.by, v.message_seq, v.change, v.emoji, v.event, v.user_id,
                  v.digest, v.content);
}

auto fields(one<webhook> auto& v) {
  return std::tie(v.kind, v.name, v.created_by, v.created_at, v.token_hash, v.url, v.secret,
                  v.events, v.delivered_seq, v.failures, v.paused, v.paused_at, v.last_error,
                  v.dead_dropped, v.maker_gone);
}

auto fields(one<dead_delivery> auto& v) {
  return std::tie(v.seq, v.given_up_at, v.attempts, v.status, v.failure, v.replay);
}

auto fields(one<dedup> auto& v) {
  return std::tie(v.time, v.fingerprint, v.seq, v.raft_term, v.object_id, v.room_id, v.object_time);
}

auto fields(one<outbox_item> auto& v) {
  return std::tie(v.target, v.kind, v.user_id, v.line.user_id, v.line.room_id, v.line.state,
                  v.line.entry_seq, v.line.partner);
}

}  // namespace greenroom::chat

namespace greenroom::store {

auto fields(packing::one<hard_state> auto& v) {
  return std::tie(v.term, v.voted_for);
}

auto fields(packing::one<log_mark> auto& v) {
  return std::tie(v.first, v.index, v.term, v.configuration_index, v.configuration);
}

auto fields(packing::one<progress> auto& v) {
  return std::tie(v.applied_index, v.clock, v.last_outbox_id);
}

}  // namespace greenroom::store

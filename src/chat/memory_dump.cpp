// SPDX-License-Identifier: MIT

// The whole state as one document, so that two replicas can be compared and a difference be read.

#include "chat/memory_state.hpp"

namespace greenroom::chat {

namespace {

using nlohmann::json;

template <class Enum>
int number(Enum e) {
  return static_cast<int>(e);
}

json list(const std::vector<uuid>& ids) {
  auto all = json::array();
  for (const auto& id : ids)
    all.push_back(id.str());
  return all;
}

json maybe(const std::optional<uuid>& id) {
  return id ? json(id->str()) : json();
}

json to_json(const user& u) {
  return {u.id.str(),      u.username,      u.display_name, u.avatar_url,     u.email,
          number(u.role),  u.password_hash, u.created_at,   u.last_seen,      u.deactivated,
          u.rooms_version, u.erased,        u.leaving,      u.told_room.str()};
}

json to_json(const session& s) {
  return {s.id.str(),         s.user_id.str(),  s.device_id,
          s.address,          s.created_at,     s.last_used_at,
          s.expires_at,       s.refresh_hash,   s.previous_refresh_hash,
          s.rotated_by.str(), s.successor_used, s.revoked,
          s.scopes,           list(s.rooms)};
}

json to_json(const user_room& l) {
  return {l.user_id.str(), l.room_id.str(), number(l.state), l.entry_seq, l.partner.str()};
}

json to_json(const email_reservation& r) {
  return {r.id.str(), r.user_id.str(), r.reserved_at, r.confirmed};
}

json to_json(const room& r) {
  return {r.id.str(),
          r.name,
          r.alias,
          r.description,
          r.topic,
          number(r.type),
          r.is_private,
          r.archived,
          r.deleted,
          r.created_by.str(),
          r.created_with.str(),
          r.created_at,
          r.last_message_at,
          r.last_seq,
          r.member_count,
          r.owner_count,
          list(r.first_members),
          r.retention.max_age_days.value_or(0),
          r.retention.max_messages.value_or(0),
          r.swept_seq,
          r.purged_seq,
          r.chain_from,
          r.message_count,
          r.chain,
          r.anchor,
          number(r.restored.is),
          r.restored.from.str(),
          r.restored.by.str(),
          r.restored.at,
          r.restored.unproven,
          r.restored.to,
          r.restored.told.str(),
          r.everybody};
}

json to_json(const member& m) {
  return {m.user_id.str(), number(m.role), m.joined_at, m.joined_seq, m.delivered_seq, m.read_seq};
}

json to_json(const outsider& o) {
  return {o.user_id.str(), number(o.is), number(o.role), o.by.str(), o.since, o.entry_seq};
}

json reactions(const message& m) {
  auto all = json::array();
  for (const auto& r : m.reactions)
    all.push_back({r.emoji, r.count, list(r.user_ids)});
  return all;
}

json to_json(const message& m) {
  return {m.id.str(),        m.message_id.str(), m.room_id.str(),  m.seq,
          m.sender_id.str(), number(m.type),     m.content,        m.metadata,
          maybe(m.reply_to), maybe(m.thread),    list(m.mentions), m.pinned,
          m.created_at,      m.edited_at,        m.deleted_at,     m.edited_seq,
          m.deleted_seq,     m.pinned_seq,       reactions(m)};
}

json to_json(const reaction_mark& m) {
  return {m.message_id.str(), m.user_id.str(), m.emoji, m.seq, m.present};
}

json to_json(const device_mark& m) {
  return {m.room_id.str(), m.id.str(), m.number, m.raft_term};
}

json to_json(const room_entry& e) {
  return {e.seq,           e.time,           e.by.str(), number(e.kind),
          e.message_seq,   number(e.change), e.emoji,    number(e.event),
          e.user_id.str(), e.digest,         e.content};
}

json to_json(const dedup& d) {
  return {d.user_id.str(), d.message_id.str(), d.fingerprint,
          d.time,          d.object_id.str(),  d.room_id.str(),
          d.seq,           d.raft_term,        d.object_time};
}

json to_json(const outbox_item& i) {
  return {i.id, i.target.str(), number(i.kind), to_json(i.line), i.user_id.str()};
}

json to_json(const webhook& h) {
  return {h.id.str(),     h.room_id.str(), number(h.kind), h.name,       h.created_by.str(),
          h.created_at,   h.token_hash,    h.url,          h.secret,     h.events,
          h.failures,     h.delivered_seq, h.paused,       h.last_error, h.paused_at,
          h.dead_dropped, h.maker_gone};
}

json to_json(const dead_delivery& d) {
  return {d.hook_id.str(), d.id.str(), d.seq,     d.given_up_at,
          d.attempts,      d.status,   d.failure, d.replay};
}

template <class Map>
json all(const Map& map) {
  auto values = json::array();
  for (const auto& [key, value] : map)
    values.push_back(to_json(value));
  return values;
}

}  // namespace

json memory_state::dump() const {
  json d;
  d["clock"] = clock_;
  d["last_outbox_id"] = last_outbox_id_;
  d["users"] = all(users_);
  d["sessions"] = all(sessions_);
  d["user_rooms"] = all(user_rooms_);
  d["emails"] = all(emails_);
  d["rooms"] = all(rooms_);
  d["messages"] = all(messages_);
  d["reactions"] = all(reactions_);
  d["device_marks"] = all(device_marks_);
  d["webhooks"] = all(webhooks_);
  d["dead_deliveries"] = all(dead_);
  d["dedup"] = all(dedup_);
  d["outbox"] = all(outbox_);
  d["members"] = json::object();
  for (const auto& [key, value] : members_)
    d["members"][key.first.str()].push_back(to_json(value));
  d["outsiders"] = json::object();
  for (const auto& [key, value] : outsiders_)
    d["outsiders"][key.first.str()].push_back(to_json(value));
  d["entries"] = json::object();
  for (const auto& [room_id, entries] : entries_)
    for (const auto& e : entries)
      d["entries"][room_id.str()].push_back(to_json(e));
  return d;
}

std::uint64_t memory_state::hash(bool with_clock) const {
  auto everything = dump();
  if (!with_clock) everything.erase("clock");
  // FNV-1a. CBOR, because text could not hold content that is not valid UTF-8.
  std::uint64_t h = 0xcbf29ce484222325U;
  for (const auto byte : json::to_cbor(everything))
    h = (h ^ byte) * 0x100000001b3U;
  return h;
}

}  // namespace greenroom::chat

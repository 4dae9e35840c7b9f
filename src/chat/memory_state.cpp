// SPDX-License-Identifier: MIT
#include "chat/memory_state.hpp"

#include <algorithm>

namespace greenroom::chat {

namespace {

template <class Map, class Key>
std::optional<typename Map::mapped_type> find_in(const Map& map, const Key& key) {
  const auto it = map.find(key);
  if (it == map.end()) return std::nullopt;
  return it->second;
}

/// The values of all keys whose first half is `first`.
template <class Map>
std::vector<typename Map::mapped_type> all_of(const Map& map, const uuid& first) {
  std::vector<typename Map::mapped_type> found;
  for (auto it = map.lower_bound({first, {}}); it != map.end() && it->first.first == first; ++it)
    found.push_back(it->second);
  return found;
}

template <class Map>
std::vector<typename Map::mapped_type> values(const Map& map) {
  std::vector<typename Map::mapped_type> all;
  for (const auto& [key, value] : map)
    all.push_back(value);
  return all;
}

}  // namespace

std::optional<user> memory_state::find_user(const uuid& id) const {
  return find_in(users_, id);
}

void memory_state::put_user(const user& u) {
  users_[u.id] = u;
}

std::optional<session> memory_state::find_session(const uuid& user_id, const uuid& id) const {
  return find_in(sessions_, pair{user_id, id});
}

void memory_state::put_session(const session& s) {
  sessions_[{s.user_id, s.id}] = s;
}

void memory_state::erase_session(const uuid& user_id, const uuid& id) {
  sessions_.erase({user_id, id});
}

std::vector<session> memory_state::sessions_of(const uuid& user_id) const {
  return all_of(sessions_, user_id);
}

std::optional<user_room> memory_state::find_user_room(const uuid& user_id,
                                                      const uuid& room_id) const {
  return find_in(user_rooms_, pair{user_id, room_id});
}

std::vector<user_room> memory_state::user_rooms_after(const uuid& user_id, const uuid& after,
                                                      std::size_t limit) const {
  auto found = all_of(user_rooms_, user_id);
  std::erase_if(found, [&](const user_room& l) { return !after.is_nil() && !(after < l.room_id); });
  if (found.size() > limit) found.resize(limit);
  return found;
}

void memory_state::put_user_room(const user_room& line) {
  user_rooms_[{line.user_id, line.room_id}] = line;
}

std::optional<email_reservation> memory_state::find_email(const uuid& email_id) const {
  return find_in(emails_, email_id);
}

void memory_state::put_email(const email_reservation& r) {
  emails_[r.id] = r;
}

void memory_state::erase_email(const uuid& email_id) {
  emails_.erase(email_id);
}

std::optional<room> memory_state::find_room(const uuid& id) const {
  return find_in(rooms_, id);
}

void memory_state::put_room(const room& r) {
  rooms_[r.id] = r;
}

std::optional<member> memory_state::find_member(const uuid& room_id, const uuid& user_id) const {
  return find_in(members_, pair{room_id, user_id});
}

void memory_state::put_member(const uuid& room_id, const member& m) {
  members_[{room_id, m.user_id}] = m;
}

void memory_state::erase_member(const uuid& room_id, const uuid& user_id) {
  members_.erase({room_id, user_id});
}

std::optional<outsider> memory_state::find_outsider(const uuid& room_id,
                                                    const uuid& user_id) const {
  return find_in(outsiders_, pair{room_id, user_id});
}

void memory_state::put_outsider(const uuid& room_id, const outsider& o) {
  outsiders_[{room_id, o.user_id}] = o;
}

void memory_state::erase_outsider(const uuid& room_id, const uuid& user_id) {
  outsiders_.erase({room_id, user_id});
}

std::vector<member> memory_state::first_members(const uuid& room_id, std::size_t limit) const {
  auto found = members_of(room_id);
  if (found.size() > limit) found.resize(limit);
  return found;
}

std::vector<member> memory_state::members_after(const uuid& room_id, const uuid& after,
                                                std::size_t limit) const {
  auto found = members_of(room_id);
  std::erase_if(found, [&](const member& m) { return !after.is_nil() && !(after < m.user_id); });
  if (found.size() > limit) found.resize(limit);
  return found;
}

std::vector<outsider> memory_state::first_outsiders(const uuid& room_id, std::size_t limit) const {
  auto found = outsiders_of(room_id);
  if (found.size() > limit) found.resize(limit);
  return found;
}

std::optional<message> memory_state::find_message(const uuid& room_id, std::uint64_t seq) const {
  return find_in(messages_, place{room_id, seq});
}

std::optional<std::uint64_t> memory_state::find_message_seq(const uuid& room_id,
                                                            const uuid& id) const {
  return find_in(message_seq_, pair{room_id, id});
}

void memory_state::put_message(const message& m) {
  messages_[{m.room_id, m.seq}] = m;
  message_seq_[{m.room_id, m.id}] = m.seq;
}

void memory_state::erase_message(const message& m) {
  messages_.erase({m.room_id, m.seq});
  message_seq_.erase({m.room_id, m.id});
}

void memory_state::erase_entry(const uuid& room_id, std::uint64_t seq) {
  const auto log = entries_.find(room_id);
  if (log == entries_.end()) return;
  std::erase_if(log->second, [&](const room_entry& e) { return e.seq == seq; });
  if (log->second.empty()) entries_.erase(log);
}

std::optional<reaction_mark> memory_state::find_reaction(const uuid& message_id,
                                                         const uuid& user_id,
                                                         const std::string& emoji) const {
  return find_in(reactions_, pair{message_id, reaction_mark_id(user_id, emoji)});
}

void memory_state::put_reaction(const reaction_mark& m) {
  reactions_[{m.message_id, reaction_mark_id(m.user_id, m.emoji)}] = m;
}

void memory_state::erase_reactions(const uuid& message_id) {
  std::erase_if(reactions_, [&](const auto& r) { return r.first.first == message_id; });
}

std::optional<device_mark> memory_state::find_device_mark(const uuid& room_id,
                                                          const uuid& id) const {
  return find_in(device_marks_, pair{room_id, id});
}

void memory_state::put_device_mark(const device_mark& m) {
  device_marks_[{m.room_id, m.id}] = m;
}

void memory_state::erase_device_mark(const uuid& room_id, const uuid& id) {
  device_marks_.erase({room_id, id});
}

std::vector<device_mark> memory_state::first_device_marks(const uuid& room_id,
                                                          std::size_t limit) const {
  auto found = all_of(device_marks_, room_id);
  if (found.size() > limit) found.resize(limit);
  return found;
}

void memory_state::append_entry(const uuid& room_id, const room_entry& e) {
  entries_[room_id].push_back(e);
}

std::optional<room_entry> memory_state::find_entry(const uuid& room_id, std::uint64_t seq) const {
  const auto log = entries_.find(room_id);
  if (log == entries_.end()) return std::nullopt;
  const auto e = std::find_if(log->second.rbegin(), log->second.rend(),
                              [&](const room_entry& one) { return one.seq == seq; });
  return e == log->second.rend() ? std::nullopt : std::optional(*e);
}

std::optional<webhook> memory_state::find_webhook(const uuid& room_id, const uuid& id) const {
  return find_in(webhooks_, pair{room_id, id});
}

void memory_state::put_webhook(const webhook& h) {
  webhooks_[{h.room_id, h.id}] = h;
}

void memory_state::erase_webhook(const uuid& room_id, const uuid& id) {
  webhooks_.erase({room_id, id});
}

std::vector<webhook> memory_state::first_webhooks(const uuid& room_id, std::size_t limit) const {
  auto found = all_of(webhooks_, room_id);
  found.resize(std::min(found.size(), limit));
  return found;
}

std::optional<dead_delivery> memory_state::find_dead(const uuid& hook_id, const uuid& id) const {
  return find_in(dead_, pair{hook_id, id});
}

void memory_state::put_dead(const dead_delivery& d) {
  dead_[{d.hook_id, d.id}] = d;
}

void memory_state::erase_dead(const uuid& hook_id, const uuid& id) {
  dead_.erase({hook_id, id});
}

std::vector<dead_delivery> memory_state::first_dead(const uuid& hook_id, std::size_t limit) const {
  auto found = all_of(dead_, hook_id);
  found.resize(std::min(found.size(), limit));
  return found;
}

std::vector<webhook> memory_state::webhooks() const {
  return values(webhooks_);
}

std::vector<dead_delivery> memory_state::dead_deliveries() const {
  return values(dead_);
}

std::optional<dedup> memory_state::find_dedup(const uuid& user_id, const uuid& message_id) const {
  return find_in(dedup_, pair{user_id, message_id});
}

void memory_state::put_dedup(const dedup& d) {
  dedup_[{d.user_id, d.message_id}] = d;
}

std::uint64_t memory_state::append_outbox(outbox_item item) {
  item.id = ++last_outbox_id_;
  outbox_[item.id] = item;
  return item.id;
}

void memory_state::erase_outbox(std::uint64_t id) {
  outbox_.erase(id);
}

std::vector<room> memory_state::rooms() const {
  return values(rooms_);
}

std::vector<user> memory_state::users() const {
  return values(users_);
}

std::vector<member> memory_state::members_of(const uuid& room_id) const {
  return all_of(members_, room_id);
}

std::vector<outsider> memory_state::outsiders_of(const uuid& room_id) const {
  return all_of(outsiders_, room_id);
}

std::vector<room_entry> memory_state::entries_of(const uuid& room_id) const {
  return find_in(entries_, room_id).value_or(std::vector<room_entry>{});
}

std::vector<outbox_item> memory_state::outbox() const {
  return values(outbox_);
}

std::vector<session> memory_state::sessions() const {
  return values(sessions_);
}

std::vector<user_room> memory_state::user_rooms() const {
  return values(user_rooms_);
}

std::vector<email_reservation> memory_state::emails() const {
  return values(emails_);
}

std::vector<message> memory_state::messages() const {
  return values(messages_);
}

std::vector<reaction_mark> memory_state::reactions() const {
  return values(reactions_);
}

std::vector<device_mark> memory_state::device_marks() const {
  return values(device_marks_);
}

std::vector<dedup> memory_state::repeats() const {
  return values(dedup_);
}

void memory_state::take_outbox(const std::vector<outbox_item>& items, std::uint64_t last_id) {
  last_outbox_id_ = last_id;
  outbox_.clear();
  for (const auto& i : items)
    outbox_[i.id] = i;
}

}  // namespace greenroom::chat

// SPDX-License-Identifier: MIT

// What a room does not keep: messages beyond an age or a number, and with them the entries of its
// log up to there, so that the log has one beginning and no holes. The head of the chain at that
// beginning stays, so that the rest can still be checked.

#include <algorithm>

#include "chat/rules.hpp"

namespace greenroom::chat {

namespace {

constexpr unix_ms day_ms = unix_ms{24} * 60 * 60 * 1000;

bool is_too_old(const room& r, unix_ms time, unix_ms now) {
  const auto days = r.retention.max_age_days;
  return days && now - time > static_cast<unix_ms>(*days) * day_ms;
}

/// Whether what is at `seq`, the first thing there is, is before all messages that are kept by
/// their number. Entries that no message follows stay: nothing gains by their going.
bool is_beyond_number(const room& r, std::uint64_t seq) {
  const auto kept = r.retention.max_messages;
  if (!kept) return false;
  // Before chain_from nothing was counted; what was counted is newer than that.
  const bool counted = r.chain_from != 0 && seq >= r.chain_from;
  return counted ? r.message_count > *kept : r.message_count >= *kept;
}

bool goes(const room& r, std::uint64_t seq, unix_ms time, unix_ms now) {
  return is_too_old(r, time, now) || is_beyond_number(r, seq);
}

}  // namespace

bool purge_is_due(const room& r, unix_ms first_time, unix_ms now) {
  return !r.deleted && r.purged_seq < r.last_seq && goes(r, r.purged_seq + 1, first_time, now);
}

}  // namespace greenroom::chat

namespace greenroom::chat::rules {

namespace {

/// The marks of devices stay: whether something was sent before does not depend on what is kept.
void erase_message(context& c, room& r, const message& m) {
  c.s.erase_message(m);
  if (m.deleted_at == 0) c.s.erase_reactions(reactions_key(r, m.id));
  const auto sent = sent_mark_id(m.sender_id, m.message_id);
  if (c.s.find_device_mark(r.id, sent)) c.s.erase_device_mark(r.id, sent);
  if (m.seq >= r.chain_from && r.message_count > 0) --r.message_count;
}

/// The first entry there is, if it has to go.
std::optional<room_entry> first_to_go(const context& c, const room& r) {
  if (r.purged_seq >= r.last_seq) return std::nullopt;
  auto e = c.s.find_entry(r.id, r.purged_seq + 1);
  if (!e || !purge_is_due(r, e->time, c.now)) return std::nullopt;
  return e;
}

void purge_first(context& c, room& r, const room_entry& e) {
  if (e.kind == room_entry::what::message)
    if (const auto m = c.s.find_message(r.id, e.seq)) erase_message(c, r, *m);
  if (r.chain_from != 0 && e.seq >= r.chain_from) r.anchor = protocol::chained(r.anchor, e.digest);
  c.s.erase_entry(r.id, e.seq);
  r.purged_seq = e.seq;
}

}  // namespace

result decide(context& c, const purge_room& cmd) {
  auto r = find_open_room(c, cmd.room_id);
  if (!r) return r.error();
  const auto end = std::min(cmd.up_to, r->purged_seq + purged_seqs_max);
  auto first = first_to_go(c, *r);
  if (!first || first->seq > end)
    return refusal(ec::conflict, "nothing of this room is to go now", "up_to");
  for (; first && first->seq <= end; first = first_to_go(c, *r))
    purge_first(c, *r, *first);
  c.s.put_room(*r);
  return room_purged{r->id, r->purged_seq, first.has_value()};
}

}  // namespace greenroom::chat::rules

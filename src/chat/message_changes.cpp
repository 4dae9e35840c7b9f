// SPDX-License-Identifier: MIT

// What can be done to a message that is there: edit, delete, reactions, pins. Each change takes a
// seq of its own in the room; the message keeps its place. A request that changes nothing succeeds
// with the seq of the change that made it so.

#include <algorithm>

#include "chat/rules.hpp"
#include "protocol/limits.hpp"

namespace greenroom::chat::rules {

namespace {

/// A change on its way: the room, who wants it, and the message.
struct subject {
  room r;
  person who;
  message m;
};

/// Finds them; strangers learn nothing of the messages. `What` has room_id and id.
template <class What>
tl::expected<subject, error> find(const context& c, const origin& from, const What& what) {
  auto r = c.s.find_room(what.room_id);
  const auto who = r ? person_in(c, *r, from.user_id, from.role) : person{};
  if (auto bad = may_read(r, who)) return tl::unexpected(std::move(*bad));
  const auto seq = c.s.find_message_seq(r->id, what.id);
  auto m = seq ? c.s.find_message(r->id, *seq) : std::nullopt;
  if (!m)
    return tl::unexpected(refusal(ec::message_not_found, "no such message in this room", "id"));
  return subject{std::move(*r), who, std::move(*m)};
}

/// Nobody puts words into another one's mouth, whatever his role.
std::optional<error> may_edit(const subject& at, const uuid& user_id) {
  if (auto bad = may(action::change_own, at.r, at.who)) return bad;
  if (at.m.sender_id != user_id)
    return refusal(ec::forbidden, "only the sender edits a message", "id");
  return std::nullopt;
}

/// What one has said one may take back, also as a guest.
std::optional<error> may_delete(const subject& at, const uuid& user_id) {
  if (at.m.sender_id != user_id) return may(action::delete_any, at.r, at.who);
  auto sender = at.who;
  sender.role = std::max(sender.role, member_role::member);
  return may(action::change_own, at.r, sender);
}

error is_deleted() {
  return refusal(ec::conflict, "this message was deleted", "id");
}

result acknowledge(context& c, const origin& from, const message& m, std::uint64_t seq) {
  remember(c, from, m.id, m.room_id, seq, m.created_at);
  return message_written{m.room_id, m.id, seq, m.created_at, c.term};
}

/// Nothing changes: `seq` made it so, or the message came like that.
result unchanged(context& c, const origin& from, const message& m, std::uint64_t seq) {
  return acknowledge(c, from, m, seq == 0 ? m.seq : seq);
}

/// The message as it is from now on, and the place of the change in the room.
result changed(context& c, const origin& from, subject& at, protocol::message_change change,
               const std::string& emoji = {}) {
  c.s.put_message(at.m);
  room_entry e;
  e.by = from.user_id;
  e.kind = room_entry::what::message_change;
  e.message_seq = at.m.seq;
  e.change = change;
  e.emoji = emoji;
  write_entry(c, at.r, e, at.m);
  return acknowledge(c, from, at.m, at.r.last_seq);
}

std::vector<protocol::reaction>::iterator kind_of(message& m, const std::string& emoji) {
  return std::find_if(m.reactions.begin(), m.reactions.end(),
                      [&](const protocol::reaction& r) { return r.emoji == emoji; });
}

}  // namespace

/// A gap among the users shown is filled by whoever reacts next.
void count_in(message& m, const std::string& emoji, const uuid& user_id) {
  auto kind = kind_of(m, emoji);
  if (kind == m.reactions.end()) kind = m.reactions.insert(kind, {emoji, 0, {}});
  ++kind->count;
  if (kind->user_ids.size() < limits::reaction_users_shown_max) kind->user_ids.push_back(user_id);
}

void count_out(message& m, const std::string& emoji, const uuid& user_id) {
  const auto kind = kind_of(m, emoji);
  if (kind == m.reactions.end()) return;
  std::erase(kind->user_ids, user_id);
  if (--kind->count == 0) m.reactions.erase(kind);
}

result written_before(const dedup& first) {
  const auto created_at = first.object_time == 0 ? first.time : first.object_time;
  return message_written{first.room_id, first.object_id, first.seq, created_at, first.raft_term};
}

result decide(context& c, const edit_message& cmd) {
  if (auto again = repeated(c, cmd.from, written_before)) return *again;
  auto at = find(c, cmd.from, cmd.what);
  if (!at) return at.error();
  auto& m = at->m;
  if (auto bad = may_edit(*at, cmd.from.user_id)) return *bad;
  if (m.deleted_at != 0) return is_deleted();
  if (m.type == message_type::text && cmd.what.content.empty())
    return refusal(ec::invalid_message, "a text message has content", "content");
  if (cmd.what.content == m.content) return unchanged(c, cmd.from, m, m.edited_seq);

  m.content = cmd.what.content;
  m.mentions = mentions_in(c, at->r.id, m.content, !may(action::mention_all, at->r, at->who));
  m.edited_at = c.now;
  m.edited_seq = at->r.last_seq + 1;
  return changed(c, cmd.from, *at, protocol::message_change::edited);
}

/// What is left is a place: who was there, when, and in which thread.
result decide(context& c, const delete_message& cmd) {
  if (auto again = repeated(c, cmd.from, written_before)) return *again;
  auto at = find(c, cmd.from, cmd.what);
  if (!at) return at.error();
  auto& m = at->m;
  if (auto bad = may_delete(*at, cmd.from.user_id)) return *bad;
  if (m.deleted_at != 0) return unchanged(c, cmd.from, m, m.deleted_seq);

  m.content.clear();
  m.metadata = nullptr;
  m.mentions.clear();
  m.reactions.clear();
  c.s.erase_reactions(reactions_key(at->r, m.id));
  m.deleted_at = c.now;
  m.deleted_seq = at->r.last_seq + 1;
  if (m.pinned) {
    m.pinned = false;
    m.pinned_seq = m.deleted_seq;
  }
  return changed(c, cmd.from, *at, protocol::message_change::deleted);
}

result decide(context& c, const react& cmd) {
  if (auto again = repeated(c, cmd.from, written_before)) return *again;
  auto at = find(c, cmd.from, cmd.what);
  if (!at) return at.error();
  auto& m = at->m;
  if (auto bad = may(action::react, at->r, at->who)) return *bad;
  const auto& emoji = cmd.what.emoji;
  if (m.deleted_at != 0) {
    if (cmd.what.add) return is_deleted();
    return unchanged(c, cmd.from, m, m.deleted_seq);
  }
  const auto mark = c.s.find_reaction(reactions_key(at->r, m.id), cmd.from.user_id, emoji);
  if ((mark && mark->present) == cmd.what.add)
    return unchanged(c, cmd.from, m, mark ? mark->seq : 0);
  if (cmd.what.add && m.reactions.size() >= limits::reaction_kinds_max &&
      kind_of(m, emoji) == m.reactions.end()) {
    auto e = refusal(ec::conflict, "this message has too many different reactions", "emoji");
    e.details.limit = static_cast<std::int64_t>(limits::reaction_kinds_max);
    return e;
  }

  if (cmd.what.add) {
    count_in(m, emoji, cmd.from.user_id);
  } else {
    count_out(m, emoji, cmd.from.user_id);
  }
  c.s.put_reaction({.message_id = reactions_key(at->r, m.id),
                    .user_id = cmd.from.user_id,
                    .emoji = emoji,
                    .seq = at->r.last_seq + 1,
                    .present = cmd.what.add});
  return changed(c, cmd.from, *at, protocol::message_change::reaction, emoji);
}

result decide(context& c, const pin_message& cmd) {
  if (auto again = repeated(c, cmd.from, written_before)) return *again;
  auto at = find(c, cmd.from, cmd.what);
  if (!at) return at.error();
  auto& m = at->m;
  if (auto bad = may(action::pin, at->r, at->who)) return *bad;
  if (m.pinned == cmd.what.pinned) return unchanged(c, cmd.from, m, m.pinned_seq);
  if (m.deleted_at != 0) return is_deleted();

  m.pinned = cmd.what.pinned;
  m.pinned_seq = at->r.last_seq + 1;
  return changed(c, cmd.from, *at, protocol::message_change::pinned);
}

}  // namespace greenroom::chat::rules

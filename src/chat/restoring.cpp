// SPDX-License-Identifier: MIT

// How a room comes from its file. While it fills, it exists for nobody: it counts as deleted, so
// what is left behind half done is emptied as any deleted room is. Its order is the file's, entry
// by entry; the chain of digests proves that the file is what some room's log was, and each
// message's words are proven by the entry that has made them so. Reactions and pins are made
// again from their entries, which are in the chain, not from what the file shows.
//
// It may end at an earlier entry than the file does. A file has the words of its end only: what a
// later entry has made is not taken, and a message that said something else then has lost its
// words. Each of those has to be named, and is deleted behind that entry by whoever restores; so
// the log up to there is the file's, and what follows can be proven as any log can.

#include <algorithm>
#include <map>
#include <utility>

#include "chat/room_file.hpp"
#include "chat/rules.hpp"
#include "protocol/limits.hpp"

namespace greenroom::chat::rules {

namespace {

using step = restoration::what;

error wrong(std::uint64_t seq, const std::string& why) {
  return refusal(ec::invalid_message, "entry " + std::to_string(seq) + ": " + why, "lines");
}

error admins_only() {
  return refusal(ec::forbidden, "only server admins restore rooms");
}

error not_under_way() {
  return refusal(ec::room_not_found, "no room is being restored under this id", "room_id");
}

error other_end(std::uint64_t to) {
  return refusal(ec::conflict,
                 to == 0 ? std::string("this room is restored up to the end of its file")
                         : "this room is restored up to entry " + std::to_string(to),
                 "to");
}

bool fills(const room& r) {
  return r.restored.is == step::filling || r.restored.is == step::people;
}

/// What a part does to the room, gathered first: a part that is refused changes nothing.
class filling {
 public:
  filling(context& c, room r) : c_(c), r_(std::move(r)) {}

  std::optional<error> take(const restored_entry& x) {
    auto e = x.entry;
    if (is_cut() && e.seq > r_.restored.to)
      return wrong(e.seq, "the room is restored up to entry " + std::to_string(r_.restored.to));
    if (e.seq <= r_.last_seq) return std::nullopt;  // it came before
    if (r_.restored.is != step::filling || e.seq != r_.last_seq + 1)
      return wrong(e.seq, "entry " + std::to_string(r_.last_seq + 1) + " is the next");
    const bool is_proven = r_.chain_from != 0 && e.seq >= r_.chain_from;
    if (is_proven) {
      if (digest_of(e) != e.digest) return wrong(e.seq, "it is not what was written");
      r_.chain = protocol::chained(r_.chain, e.digest);
    } else {
      e.digest = e.content = {};
    }
    if (e.kind == room_entry::what::membership) {
      take_ban(e);
    } else if (auto bad = e.kind == room_entry::what::message ? take_message(x, is_proven)
                                                              : take_change(x, is_proven)) {
      return bad;
    }
    r_.last_seq = e.seq;
    entries_.push_back(std::move(e));
    return std::nullopt;
  }

  std::optional<error> close(std::uint64_t last_seq, const protocol::digest& chain) {
    if (is_cut()) {
      if (last_seq != r_.restored.to)
        return wrong(last_seq, "the end is entry " + std::to_string(r_.restored.to));
      if (r_.restored.is == step::people) return std::nullopt;  // behind it some are deleted
    }
    if (last_seq != r_.last_seq) return wrong(r_.last_seq + 1, "the last entries are missing");
    if (chain != r_.chain)
      return wrong(last_seq, "the chain ends in something else: the file was changed");
    if (!is_cut() && r_.restored.unproven != 0) return unproven();
    r_.restored.is = step::people;
    return std::nullopt;
  }

  /// The words that this message had at the end of the entries are not known: it is deleted.
  std::optional<error> lose(std::uint64_t message_seq, const uuid& by) {
    if (!is_cut() || r_.restored.is != step::people)
      return refusal(
          ec::invalid_message,
          "messages are lost behind the end of the entries, and only where it is earlier "
          "than the file's",
          "lines");
    auto* m = message_at(message_seq);
    if (m == nullptr) return wrong(message_seq, "there is no message, so it is not lost");
    if (m->deleted_at != 0 && m->deleted_seq > r_.restored.to)
      return std::nullopt;  // it came before
    if (m->deleted_at != 0 || m->edited_seq <= r_.restored.to)
      return wrong(message_seq, "what this message says is known, so it is not lost");
    if (r_.last_seq >= limits::seq_max) return wrong(message_seq, "the room is full");
    room_entry e;
    e.seq = ++r_.last_seq;
    e.time = c_.now;
    e.by = by;
    e.kind = room_entry::what::message_change;
    e.message_seq = m->seq;
    e.change = protocol::message_change::deleted;
    m->edited_seq = 0;
    --r_.restored.unproven;
    bury(*m, e);
    e.content = protocol::content_digest(view(*m));
    e.digest = digest_of(e);
    r_.chain = protocol::chained(r_.chain, e.digest);
    entries_.push_back(std::move(e));
    return std::nullopt;
  }

  std::optional<error> end() const {
    if (r_.restored.is != step::people)
      return refusal(ec::invalid_message, "the end comes behind the members", "lines");
    if (r_.restored.unproven != 0) return unproven();
    return std::nullopt;
  }

  std::optional<error> take(member m) {
    if (r_.restored.is != step::people)
      return refusal(ec::invalid_message, "members come behind the end of the entries", "lines");
    if (members_.contains(m.user_id) || c_.s.find_member(r_.id, m.user_id)) return std::nullopt;
    if (c_.s.find_outsider(r_.id, m.user_id)) return std::nullopt;  // the entries have banned him
    m.joined_seq =
        std::clamp<std::uint64_t>(m.joined_seq, 1, std::max<std::uint64_t>(r_.last_seq, 1));
    m.read_seq = std::min(m.read_seq, r_.last_seq);
    m.delivered_seq = std::clamp(m.delivered_seq, m.read_seq, r_.last_seq);
    ++r_.member_count;
    if (m.role == member_role::owner) ++r_.owner_count;
    if (r_.first_members.size() < limits::room_members_shown_max)
      r_.first_members.push_back(m.user_id);
    members_.emplace(m.user_id, m);
    return std::nullopt;
  }

  room& commit() {
    for (const auto& key : cleared_)
      c_.s.erase_reactions(key);
    for (const auto& [seq, m] : messages_)
      c_.s.put_message(m);
    for (const auto& [key, mark] : marks_)
      c_.s.put_reaction(mark);
    for (const auto& [user, o] : bans_) {
      if (o)
        c_.s.put_outsider(r_.id, *o);
      else
        c_.s.erase_outsider(r_.id, user);
    }
    for (const auto& e : entries_)
      c_.s.append_entry(r_.id, e);
    for (const auto& [user, m] : members_)
      c_.s.put_member(r_.id, m);
    r_.restored.at = c_.now;
    c_.s.put_room(r_);
    return r_;
  }

 private:
  [[nodiscard]] bool is_cut() const { return r_.restored.to != 0; }

  error unproven() const {
    return wrong(r_.last_seq, is_cut() ? "of " + std::to_string(r_.restored.unproven) +
                                             " messages the words are not known: they have to be "
                                             "named as lost"
                                       : "messages are shown as no entry has left them");
  }

  /// Whether the words that the entry shows are of a time behind the room's.
  [[nodiscard]] bool is_lost(const restored_entry& x) const {
    return is_cut() && x.content_seq > r_.restored.to;
  }

  /// The message says what the entry shows; of lost words nothing is kept. Who has sent it is then
  /// what the digest of its first entry says.
  void show(message& m, const restored_entry& x) const {
    const auto sender = m.sender_id;
    say(m, *x.object);
    if (!is_lost(x)) return;
    m.sender_id = sender;
    m.content.clear();
    m.metadata = nullptr;
    m.mentions.clear();
  }

  /// What is left is a place (message_changes.cpp).
  void bury(message& m, const room_entry& e) {
    m.deleted_at = e.time;
    m.deleted_seq = e.seq;
    if (std::exchange(m.pinned, false)) m.pinned_seq = e.seq;
    m.reactions.clear();
    const auto key = reactions_key(r_, m.id);
    std::erase_if(marks_, [&](const auto& one) { return one.first.first == key; });
    cleared_.push_back(key);
  }

  /// The words that an entry shows: its own, which its digest proves, or those of a later one.
  std::optional<error> check_words(const restored_entry& x, bool is_proven) const {
    const auto& e = x.entry;
    if (!x.object) return wrong(e.seq, "its message is missing");
    if (x.content_seq < e.seq) return wrong(e.seq, "it is shown as it was before");
    if (is_proven && x.content_seq == e.seq &&
        protocol::content_digest(view(*x.object)) != e.content)
      return wrong(e.seq, "the message is not what the entry has made it");
    return std::nullopt;
  }

  std::optional<error> take_message(const restored_entry& x, bool is_proven) {
    const auto& e = x.entry;
    if (e.message_seq != e.seq) return wrong(e.seq, "a message is at its own seq");
    if (auto bad = check_words(x, is_proven)) return bad;
    const auto& id = x.object->id;
    if (ids_.contains(id) || c_.s.find_message_seq(r_.id, id))
      return wrong(e.seq, "a message of this id is there already");
    message m;
    m.id = id;
    m.room_id = r_.id;
    m.seq = e.seq;
    m.created_at = e.time;
    m.sender_id = e.by;
    show(m, x);
    if (x.content_seq > e.seq) {
      m.edited_seq = x.content_seq;  // until that entry comes; so it can be told
      ++r_.restored.unproven;
    }
    ids_.emplace(id, e.seq);
    messages_.emplace(e.seq, std::move(m));
    r_.last_message_at = e.time;
    if (is_proven) ++r_.message_count;
    return std::nullopt;
  }

  std::optional<error> take_change(const restored_entry& x, bool is_proven) {
    const auto& e = x.entry;
    if (e.message_seq <= r_.purged_seq) return std::nullopt;  // the message has gone before
    auto* m = message_at(e.message_seq);
    if (m == nullptr) return wrong(e.seq, "there is no such message before it");
    switch (e.change) {
      case protocol::message_change::reaction:
        return react_to(*m, e);
      case protocol::message_change::pinned:
        m->pinned = !m->pinned;
        m->pinned_seq = e.seq;
        return std::nullopt;
      case protocol::message_change::edited:
      case protocol::message_change::deleted:
        break;
    }
    if (auto bad = check_words(x, is_proven)) return bad;
    if (x.object->id != m->id) return wrong(e.seq, "this is another message");
    const bool was_unproven = m->edited_seq >= e.seq;
    const bool is_unproven = x.content_seq > e.seq;
    if (was_unproven && !is_unproven) --r_.restored.unproven;
    if (!was_unproven && is_unproven) ++r_.restored.unproven;
    show(*m, x);
    if (e.change == protocol::message_change::edited) {
      m->edited_at = e.time;
      m->edited_seq = x.content_seq;
      return std::nullopt;
    }
    if (is_unproven) return wrong(e.seq, "nothing follows a deletion");
    if (was_unproven) m->edited_seq = 0;
    bury(*m, e);
    return std::nullopt;
  }

  /// Each entry of a reaction is a change, so they alternate: added, taken back, added …
  std::optional<error> react_to(message& m, const room_entry& e) {
    if (m.deleted_at != 0) return std::nullopt;
    const auto key = reactions_key(r_, m.id);
    const std::pair place(key, reaction_mark_id(e.by, e.emoji));
    const auto here = marks_.find(place);
    const auto before =
        here != marks_.end() ? std::optional(here->second) : c_.s.find_reaction(key, e.by, e.emoji);
    const bool present = !(before && before->present);
    const bool is_new_kind = std::ranges::none_of(
        m.reactions, [&](const protocol::reaction& r) { return r.emoji == e.emoji; });
    if (present && is_new_kind && m.reactions.size() >= limits::reaction_kinds_max)
      return wrong(e.seq, "a message has no more kinds of reactions");
    if (present) {
      count_in(m, e.emoji, e.by);
    } else {
      count_out(m, e.emoji, e.by);
    }
    marks_[place] = {
        .message_id = key, .user_id = e.by, .emoji = e.emoji, .seq = e.seq, .present = present};
    return std::nullopt;
  }

  /// Invitations end with the room that they were to.
  void take_ban(const room_entry& e) {
    if (e.event == room_event_kind::banned) {
      bans_[e.user_id] = outsider{.user_id = e.user_id,
                                  .is = outsider::standing::banned,
                                  .role = member_role::member,
                                  .by = e.by,
                                  .since = e.time,
                                  .entry_seq = e.seq};
    } else if (e.event == room_event_kind::unbanned) {
      bans_[e.user_id] = std::nullopt;
    }
  }

  message* message_at(std::uint64_t seq) {
    if (const auto it = messages_.find(seq); it != messages_.end()) return &it->second;
    auto kept = c_.s.find_message(r_.id, seq);
    return kept ? &messages_.emplace(seq, std::move(*kept)).first->second : nullptr;
  }

  context& c_;
  room r_;
  std::map<std::uint64_t, message> messages_;
  std::map<uuid, std::uint64_t> ids_;
  std::map<std::pair<uuid, uuid>, reaction_mark> marks_;
  std::vector<uuid> cleared_;
  std::map<uuid, std::optional<outsider>> bans_;
  std::vector<room_entry> entries_;
  std::map<uuid, member> members_;
};

/// Whether the id is one that this file's room may have.
std::optional<error> check_id(const restore_room& cmd) {
  const bool keeps_id = cmd.room_id == cmd.original;
  if (!keeps_id && cmd.head->type == room_type::direct)
    return refusal(ec::invalid_message, "a direct room keeps its id", "room_id");
  if (!keeps_id && cmd.room_id != room_id_of_creation(cmd.from.user_id, cmd.from.message_id))
    return refusal(ec::invalid_message,
                   "this id is neither that of the file nor the one of this message_id", "room_id");
  if (keeps_id && !cmd.head->alias.empty() && room_id_of_alias(cmd.head->alias) != cmd.room_id)
    return refusal(ec::invalid_message, "the alias leads to another id", "lines");
  return std::nullopt;
}

/// The room as it begins, or as far as it has come.
expected<room> begin(const context& c, const restore_room& cmd) {
  const auto& head = *cmd.head;
  if (auto known = find_made(c, cmd.room_id)) {
    const bool is_same = known->restored.is != step::none && known->restored.is != step::given_up &&
                         known->restored.from == cmd.original;
    if (!is_same) return tl::unexpected(refusal(ec::conflict, "this id is taken", "room_id"));
    return std::move(*known);
  }
  if (auto bad = check_id(cmd)) return tl::unexpected(std::move(*bad));
  if (cmd.to != 0 && (cmd.to <= head.purged_seq || cmd.to > limits::seq_max)) {
    return tl::unexpected(refusal(
        ec::invalid_message,
        "the file's entries begin with " + std::to_string(head.purged_seq + 1) + ": to", "to"));
  }
  room r = head;
  r.id = cmd.room_id;
  if (cmd.room_id != cmd.original) r.alias.clear();
  r.deleted = true;
  r.created_with = {};
  r.member_count = r.owner_count = r.message_count = r.swept_seq = 0;
  r.first_members.clear();
  r.last_message_at = 0;
  r.last_seq = head.purged_seq;
  r.chain = head.anchor;
  r.restored = {.is = step::filling,
                .from = cmd.original,
                .by = cmd.from.user_id,
                .at = c.now,
                .unproven = 0,
                .told = {},
                .to = cmd.to};
  return r;
}

}  // namespace

std::optional<room> find_made(const context& c, const uuid& room_id) {
  auto known = c.s.find_room(room_id);
  if (known && known->restored.is == step::erased) known.reset();
  return known;
}

result decide(context& c, const restore_room& cmd) {
  if (cmd.from.role != user_role::admin) return admins_only();
  auto found =
      cmd.head ? begin(c, cmd) : expected<room>(c.s.find_room(cmd.room_id).value_or(room{}));
  if (!found) return found.error();
  const bool is_under_way =
      fills(*found) || found->restored.is == step::telling || found->restored.is == step::done;
  if (is_under_way && found->restored.to != cmd.to) return other_end(found->restored.to);
  if (found->restored.is == step::telling || found->restored.is == step::done) {
    if (found->deleted) return refusal(ec::conflict, "this id is taken", "room_id");
    c.out.duplicate = true;
    return room_updated{std::move(*found)};
  }
  if (!fills(*found)) return not_under_way();

  filling f(c, std::move(*found));
  for (const auto& x : cmd.entries)
    if (auto bad = f.take(x)) return *bad;
  if (cmd.closes)
    if (auto bad = f.close(cmd.last_seq, cmd.chain)) return *bad;
  for (const auto seq : cmd.lost)
    if (auto bad = f.lose(seq, cmd.from.user_id)) return *bad;
  for (const auto& m : cmd.members)
    if (auto bad = f.take(m.who)) return *bad;
  if (cmd.ends)
    if (auto bad = f.end()) return *bad;
  auto& r = f.commit();
  if (!cmd.ends) return room_updated{r};

  // From here on it is a room like any other, and its order says where it comes from.
  r.deleted = false;
  r.restored.is = step::telling;
  const auto& by = cmd.from.user_id;
  write_entry(c, r, membership_entry(room_event_kind::updated, by, by), std::nullopt);
  outbox_item item;
  item.target = r.id;
  item.kind = outbox_item::what::sweep_room;
  emit(c, std::move(item));
  return room_updated{r};
}

}  // namespace greenroom::chat::rules

// SPDX-License-Identifier: MIT
#include "sim/restoring.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "chat/apply.hpp"
#include "sim/violation.hpp"

namespace greenroom::sim {

namespace {

using entry_kind = chat::room_entry::what;
using change = protocol::message_change;

/// What people see of a message.
struct shown {
  uuid id;
  uuid sender;
  std::string content;
  unix_ms created_at = 0;
  unix_ms edited_at = 0;
  unix_ms deleted_at = 0;
  bool pinned = false;
  std::set<std::pair<std::string, uuid>> reactions;
  bool operator==(const shown&) const = default;
};

shown as_shown(const chat::message& m) {
  shown out{m.id, m.sender_id, m.content, m.created_at, m.edited_at, m.deleted_at, m.pinned, {}};
  for (const auto& kind : m.reactions) {
    for (const auto& user : kind.user_ids)
      out.reactions.emplace(kind.emoji, user);
    ensure(kind.count == kind.user_ids.size(), "a message counts its reactions wrongly");
  }
  return out;
}

void happen(shown& m, const chat::room_entry& e, const std::string& content) {
  switch (e.change) {
    case change::edited:
      m.content = content;
      m.edited_at = e.time;
      break;
    case change::deleted:
      m.content.clear();
      m.deleted_at = e.time;
      m.pinned = false;
      m.reactions.clear();
      break;
    case change::pinned:
      m.pinned = !m.pinned;
      break;
    case change::reaction:
      // Each is a change: whoever has reacted so takes it back.
      if (!m.reactions.emplace(e.emoji, e.by).second) m.reactions.erase({e.emoji, e.by});
      break;
  }
}

std::string place(const uuid& room, std::uint64_t seq) {
  return "seq " + std::to_string(seq) + " of " + room.str();
}

}  // namespace

void restoring::noted(const uuid& room, std::uint64_t seq, const decided& d,
                      const chat::memory_state& s) {
  const auto e = s.find_entry(room, seq);
  ensure(e && chat::digest_of(*e) == e->digest, "an entry is not what its digest says",
         [&] { return place(room, seq); });
  auto& log = logs_[room];
  line l{*e,
         {},
         {},
         protocol::chained(log.empty() ? protocol::digest{} : log.back().chain, e->digest)};
  if (e->kind == entry_kind::message) {
    l.id = s.find_message(room, seq)->id;
    const auto* sent = std::get_if<chat::send_message>(&d.command.data);
    l.content =
        sent != nullptr ? sent->what.content : std::get<chat::announce>(d.command.data).content;
  } else if (const auto* edit = std::get_if<chat::edit_message>(&d.command.data)) {
    l.content = edit->what.content;
  }
  log.push_back(std::move(l));
}

std::optional<restoring::opening> restoring::applied(const decided& d,
                                                     const chat::memory_state& s) {
  const auto* part = std::get_if<chat::restore_room>(&d.command.data);
  if (part == nullptr || d.outcome.duplicate || std::holds_alternative<error>(d.outcome.answer))
    return std::nullopt;
  const auto r = s.find_room(part->room_id);
  ensure(r.has_value(), "a part was taken of a room that is not there");
  if (!part->ends) {
    ensure(r->deleted && d.outcome.changes.empty(), "a room opens before all of it is there",
           [&] { return r->id.str(); });
    return std::nullopt;
  }
  const auto& log = logs_.at(r->restored.from);
  const auto file_end = r->restored.to != 0 ? r->restored.to : r->last_seq - 1;
  opening now{r->id, r->restored.from, file_end, r->purged_seq};
  const auto what = [&] { return r->id.str() + " of " + now.original.str(); };
  ensure(!r->deleted && now.last_seq <= log.size(), "a room does not open as it should", what);

  const auto entries = s.entries_of(r->id);
  ensure(entries.size() == r->last_seq - r->purged_seq, "a restored room's log is not whole", what);
  lines all(log.begin(), log.begin() + static_cast<long>(now.last_seq));
  auto chain = r->anchor;
  for (const auto& e : entries) {
    chain = protocol::chained(chain, e.digest);
    if (e.seq > now.last_seq) {
      if (e.seq == r->last_seq) continue;  // that it was restored
      ensure(e.kind == entry_kind::message_change && e.change == change::deleted &&
                 chat::digest_of(e) == e.digest,
             "something happens in a room before it opens", what);
      all.push_back({e, {}, {}, chain});
      now.lost.push_back(e.time);
      continue;
    }
    ensure(e.digest == log[e.seq - 1].entry.digest && chain == log[e.seq - 1].chain,
           "a restored room's log is not whole", what);
  }
  ensure(chain == r->chain, "a restored room's chain does not go on", what);
  check_shown(s, *r, all, all.size(), "a restored room does not show what the log says");

  opened_[r->id] = all.size();
  if (r->restored.to != 0) ++opened_at_entry_;
  logs_[r->id] = std::move(all);
  return now;
}

void restoring::check_shown(const chat::memory_state& s, const chat::room& r, const lines& log,
                            std::uint64_t last_seq, const char* rule) {
  std::map<std::uint64_t, shown> all;
  for (const auto& l : log) {
    const auto& e = l.entry;
    if (e.seq > last_seq || e.kind == entry_kind::membership) continue;
    auto& m = all[e.message_seq];
    if (e.kind == entry_kind::message) {
      m = {l.id, e.by, l.content, e.time, 0, 0, false, {}};
    } else {
      happen(m, e, l.content);
    }
  }
  for (const auto& [seq, m] : all) {
    if (seq <= r.purged_seq) continue;
    const auto kept = s.find_message(r.id, seq);
    ensure(kept && as_shown(*kept) == m, rule, [&, seq = seq] { return place(r.id, seq); });
  }
}

void restoring::check_end(const chat::memory_state& s) const {
  for (const auto& r : s.rooms()) {
    if (r.restored.is == chat::restoration::what::erased) {
      ensure(s.entries_of(r.id).empty() && s.members_of(r.id).empty() &&
                 s.outsiders_of(r.id).empty() &&
                 std::ranges::none_of(s.messages(),
                                      [&](const chat::message& m) { return m.room_id == r.id; }),
             "something is left of a room that was given up");
    }
    if (r.deleted) continue;
    const auto& log = logs_.at(r.id);
    check_shown(s, r, log, r.last_seq, "a room does not show what its log says");
    ensure(r.chain == log.back().chain, "a room's chain is not that of its log",
           [&] { return r.id.str(); });
  }
}

}  // namespace greenroom::sim

// SPDX-License-Identifier: MIT
#include "sim/history.hpp"

#include <algorithm>

#include "chat/apply.hpp"
#include "sim/violation.hpp"

namespace greenroom::sim {

namespace {

constexpr std::uint64_t hash_every = 32;

const chat::origin* origin_of(const chat::command& c) {
  return std::visit(
      [](const auto& data) -> const chat::origin* {
        if constexpr (requires { data.from; }) {
          return &data.from;
        } else {
          return nullptr;
        }
      },
      c.data);
}

bool succeeded(const chat::outcome& o) {
  return !std::holds_alternative<error>(o.answer);
}

/// What an outcome says, short.
std::string digest_of(const chat::outcome& o) {
  auto text = std::to_string(o.answer.index()) + (o.duplicate ? "d" : "");
  if (const auto* w = std::get_if<chat::message_written>(&o.answer))
    text += ' ' + std::to_string(w->seq) + ' ' + w->id.str() + ' ' + std::to_string(w->created_at);
  if (const auto* h = std::get_if<chat::webhook_changed>(&o.answer))
    text += ' ' + h->hook.id.str() + ' ' + std::to_string(h->hook.delivered_seq) + ' ' +
            std::to_string(h->hook.failures) + (h->hook.paused ? "p" : "");
  if (const auto* p = std::get_if<chat::room_purged>(&o.answer))
    text += " p" + std::to_string(p->purged_seq) + (p->more ? "+" : "");
  if (const auto* e = std::get_if<error>(&o.answer)) text += ' ' + e->message;
  for (const auto& c : o.changes)
    text += " c" + std::to_string(c.seq);
  for (const auto& c : o.cursors)
    text += " m" + std::to_string(c.seq);
  return text + " o" + std::to_string(o.outbox.size());
}

}  // namespace

std::uint64_t request::fingerprint() const {
  std::uint64_t h = 0xcbf29ce484222325U + static_cast<std::uint64_t>(what);
  for (const char c : std::string(room.raw()) + text)
    h = (h ^ static_cast<std::uint8_t>(c)) * 0x100000001b3U;
  return h;
}

std::string request::describe() const {
  static constexpr const char* names[] = {"register", "create",   "join",   "leave",     "send",
                                          "mark",     "read",     "retain", "hook",      "unhook",
                                          "replay",   "announce", "edit",   "take_back", "react",
                                          "pin",      "close",    "log_in", "restore",   "abandon"};
  return std::string(names[static_cast<int>(what)]) + " '" + text + "' user " +
         user.str().substr(0, 8) + " room " + room.str().substr(0, 8) + " message_id " +
         message_id.str();
}

std::uint64_t history::invoked(const request& what, steady_ms now) {
  const auto op = ++last_op_;
  ops_[op] = {.what = what, .begun = now};
  if (!what.message_id.is_nil()) asked_.emplace(name{what.user, what.message_id}, op);
  return op;
}

void history::note(rising& all, steady_ms now, std::uint64_t value) {
  const auto most = all.empty() ? 0 : all.back().second;
  if (value > most) all.emplace_back(now, value);
}

std::uint64_t history::largest_before(const rising& all, steady_ms when) {
  const auto after = std::ranges::lower_bound(all, when, {}, &rising::value_type::first);
  return after == all.begin() ? 0 : std::prev(after)->second;
}

// -- what servers decide -------------------------------------------------------------------------

void history::applied(const decided& d, const chat::memory_state& s, bool first,
                      unix_ms true_time) {
  const auto where = [&] { return "index " + std::to_string(d.index); };
  const auto same = outcomes_.emplace(d.index, digest_of(d.outcome));
  ensure(same.first->second == digest_of(d.outcome), "an entry leads to different outcomes", where);
  if (d.index % hash_every == 0) {
    const auto mine = s.hash();
    ensure(hashes_.emplace(d.index, mine).first->second == mine, "states differ at one index",
           where);
  }
  if (first) {
    if (const auto room = restoring_.applied(d, s)) open_restored(*room);
    check_order(d, s);
  }
  keeping_.applied(d, s, first);
  closing_.applied(d, s, first);
  if (!first) return;
  check_effect(d, true_time);
  check_cursors(d, s);
}

/// It goes on where its file ends.
void history::open_restored(const restoring::opening& room) {
  const auto& from = rooms_.at(room.original);
  rooms_[room.room] = {from.begin(), from.begin() + static_cast<long>(room.last_seq)};
  rooms_[room.room].resize(room.last_seq + room.lost.size());
  keeping_.restored(room.room, room.original, room.last_seq, room.purged_seq);
  auto seq = room.last_seq;
  for (const auto time : room.lost)
    keeping_.noted(room.room, ++seq, time, false);
}

void history::check_order(const decided& d, const chat::memory_state& s) {
  for (const auto& c : d.outcome.changes) {
    auto& room = rooms_[c.room_id];
    ensure(c.seq == room.size() + 1, "a room's seqs have a hole or a repeat", [&] {
      return std::to_string(c.seq) + " after " + std::to_string(room.size()) + " in " +
             c.room_id.str();
    });
    auto& time = times_[c.room_id];
    ensure(d.time >= time, "a room's times fall");
    time = d.time;
    const auto* sent = std::get_if<chat::send_message>(&d.command.data);
    const auto* said = std::get_if<chat::announce>(&d.command.data);
    const auto* written = std::get_if<chat::message_written>(&d.outcome.answer);
    // An announcement may make its room, or bring somebody in, before.
    const bool is_message = sent != nullptr || (said != nullptr && written->seq == c.seq);
    const auto id = sent != nullptr ? sent->id : said != nullptr ? said->id : uuid{};
    room.push_back(is_message ? id : uuid{});
    keeping_.noted(c.room_id, c.seq, d.time, is_message);
    restoring_.noted(c.room_id, c.seq, d, s);
    if (!is_message) continue;
    const auto kept = s.find_message(c.room_id, c.seq);
    ensure(kept && kept->id == id &&
               kept->content == (sent != nullptr ? sent->what.content : said->content),
           "a message is not what was sent");
    const auto* from = origin_of(d.command);
    const auto asked = asked_.find({from->user_id, from->message_id});
    ensure(asked != asked_.end(), "nobody has sent this message");
  }
}

void history::check_effect(const decided& d, unix_ms true_time) {
  const auto* from = origin_of(d.command);
  if (from == nullptr || from->message_id.is_nil() || !succeeded(d.outcome)) return;
  // These are repeatable by what they say, and their message_id is not remembered.
  if (std::holds_alternative<chat::restore_room>(d.command.data) ||
      std::holds_alternative<chat::abandon_restore>(d.command.data)) {
    return;
  }
  const auto key = name{from->user_id, from->message_id};
  auto& all = effects_[key];
  const auto what = [&] {
    return ops_.at(asked_.at(key)).what.describe() + ", index " + std::to_string(d.index);
  };
  effect now{.fingerprint = from->fingerprint, .time = d.time};
  if (const auto* w = std::get_if<chat::message_written>(&d.outcome.answer)) {
    now.object = w->id;
    now.room = w->room_id;
    now.seq = w->seq;
    now.is_message = std::holds_alternative<chat::send_message>(d.command.data) ||
                     std::holds_alternative<chat::announce>(d.command.data);
  }
  if (d.outcome.duplicate) {
    // The last that was asked for like this: a room's repeat is known by its id, whatever its age.
    const auto before = std::find_if(all.rbegin(), all.rend(), [&](const effect& e) {
      return e.fingerprint == now.fingerprint;
    });
    ensure(before != all.rend(), "a message_id answers for what was not asked with it", what);
    ensure(before->object == now.object && before->seq == now.seq,
           "a repeat is told another place than the first time", what);
    return;
  }
  // The command has the time of whoever proposed it.
  now.asked_true = d.command.time - skew_ms_;
  if (!all.empty()) {
    ensure(d.time - all.back().time >= chat::dedup_window_ms, "a message_id has two effects", what);
    // Whatever clocks said, most of a day has gone by.
    ensure(true_time - all.back().asked_true >= chat::dedup_window_ms,
           "a message_id is forgotten too early", what);
    ++second_effects_;
  }
  all.push_back(now);
}

void history::check_cursors(const decided& d, const chat::memory_state& s) {
  const auto look = [&](const uuid& room, const uuid& user) {
    const auto m = s.find_member(room, user);
    if (!m) return;
    auto& [delivered, read] = cursors_[{user, room}];
    ensure(m->delivered_seq >= delivered && m->read_seq >= read, "a cursor goes back",
           [&] { return "index " + std::to_string(d.index); });
    ensure(m->read_seq <= m->delivered_seq, "what was read was not delivered");
    delivered = m->delivered_seq;
    read = m->read_seq;
  };
  if (const auto* c = std::get_if<chat::mark>(&d.command.data)) {
    for (const auto& one : c->marks)
      look(c->room_id, one.user_id);
  } else if (const auto* j = std::get_if<chat::join_room>(&d.command.data)) {
    look(j->room_id, j->from.user_id);
  } else if (const auto* m = std::get_if<chat::send_message>(&d.command.data)) {
    look(m->what.room_id, m->from.user_id);
  } else if (const auto* n = std::get_if<chat::announce>(&d.command.data)) {
    look(n->room_id, n->user_id);
  }
}

void history::acknowledged(server_id by, std::uint64_t term) {
  ensure(acknowledging_.emplace(term, by).first->second == by, "two servers acknowledge in a term",
         [&] { return std::to_string(term); });
}

// -- what clients are told -----------------------------------------------------------------------

void history::answered(const answer& a, steady_ms now) {
  auto& op = ops_.at(a.op);
  for (const auto n : {a.op, static_cast<std::uint64_t>(a.how), a.by, a.seq, std::uint64_t{now}})
    digest_ = (digest_ ^ n) * 0x100000001b3U;
  if (a.how == answer::kind::refused) op.refused = true;
  if (a.how != answer::kind::ok) return;
  switch (op.what.what) {
    case verb::send:
      check_send(op, a, now);
      break;
    case verb::read:
      check_read(op, a, now);
      break;
    case verb::mark:
      note(marks_[{{op.what.user, op.what.room}, op.what.status}], now, op.what.seq);
      break;
    case verb::restore:
      ensure(!op.what.part->ends || restoring_.is_open(op.what.room),
             "something is acknowledged that has not happened", [&] { return op.what.describe(); });
      break;
    case verb::abandon:
    case verb::log_in:
      break;
    default:
      ensure(effects_.contains({op.what.user, op.what.message_id}),
             "something is acknowledged that has not happened", [&] { return op.what.describe(); });
      break;
  }
  op.ended = true;
}

void history::check_send(const operation& op, const answer& a, steady_ms now) {
  const auto what = [&] { return op.what.describe() + ", seq " + std::to_string(a.seq); };
  const auto known = effects_.find({op.what.user, op.what.message_id});
  ensure(known != effects_.end(), "something is acknowledged that has not happened", what);
  ensure(
      std::ranges::any_of(known->second,
                          [&](const effect& e) { return e.seq == a.seq && e.object == a.object; }),
      "an acknowledgement says another seq than there is", what);
  ensure(rooms_.at(op.what.room).at(a.seq - 1) == a.object,
         "an acknowledgement is of another message", what);
  if (a.duplicate) ++repeats_;
  auto& all = sends_[op.what.room];
  // A repeat of what was acknowledged before it began is in its old place.
  const auto& first = ops_.at(asked_.at({op.what.user, op.what.message_id}));
  if (known->second.size() == 1) {
    ensure(a.seq > largest_before(all, first.begun),
           "a send is ordered before one that was acknowledged before it began", what);
  }
  if (!op.ended) ++acknowledged_sends_;
  note(all, now, a.seq);
}

void history::check_read(const operation& op, const answer& a, steady_ms now) {
  const auto what = [&] { return op.what.describe() + ", last seq " + std::to_string(a.seq); };
  ++reads_;
  ensure(a.seq >= largest_before(sends_[op.what.room], op.begun),
         "a read does not show what was acknowledged before it", what);
  const auto& room = rooms_[op.what.room];
  ensure(a.seq <= room.size(), "a read shows what has not happened", what);
  auto& firsts = firsts_[op.what.room];
  ensure(a.first_seq >= largest_before(firsts, op.begun),
         "a read shows a beginning before one that was read before", what);
  note(firsts, now, a.first_seq);
  for (const auto& [seq, id] : a.messages)
    ensure(seq >= a.first_seq && room.at(seq - 1) == id, "a read shows another message", what);
  const auto cursor = [&](protocol::message_state s) {
    return largest_before(marks_[{{op.what.user, op.what.room}, s}], op.begun);
  };
  ensure(a.read_seq >= cursor(protocol::message_state::read) &&
             a.delivered_seq >= cursor(protocol::message_state::delivered),
         "a read shows a cursor before it was acknowledged to be", what);
}

// -- the end -------------------------------------------------------------------------------------

void history::check_end(const chat::memory_state& s) const {
  for (const auto& [key, all] : effects_) {
    for (const auto& e : all) {
      if (!e.is_message) continue;
      if (const auto r = s.find_room(e.room); r && e.seq <= r->purged_seq) continue;
      const auto kept = s.find_message(e.room, e.seq);
      ensure(kept && kept->id == e.object, "an acknowledged message is lost");
    }
  }
  for (const auto& [id, op] : ops_) {
    // Asked once, refused, and there all the same.
    if (!op.refused || op.ended || op.copies != 1 || op.what.message_id.is_nil()) continue;
    if (asked_.at({op.what.user, op.what.message_id}) != id) continue;
    const auto e = effects_.find({op.what.user, op.what.message_id});
    ensure(e == effects_.end() || e->second.empty(), "what was refused has happened",
           [&] { return op.what.describe(); });
  }
  for (const auto& r : s.rooms()) {
    if (r.deleted) continue;  // it is being restored, or that was given up
    const auto entries = s.entries_of(r.id);
    ensure(entries.size() == r.last_seq - r.purged_seq && rooms_.at(r.id).size() == r.last_seq,
           "a room has a hole at the end");
    for (std::size_t i = 0; i < entries.size(); ++i)
      ensure(entries[i].seq == r.purged_seq + i + 1, "a room has a hole at the end");
    const auto members = s.members_of(r.id);
    ensure(members.size() == r.member_count, "a room counts its members wrongly");
    for (const auto& m : members) {
      const auto line = s.find_user_room(m.user_id, r.id);
      ensure(line && line->state == chat::user_room::standing::joined,
             "a member does not have the room in his list");
    }
  }
  keeping_.check_end(s);
  restoring_.check_end(s);
  closing_.check_end(s);
  for (const auto& l : s.user_rooms()) {
    ensure((l.state == chat::user_room::standing::joined) ==
               s.find_member(l.room_id, l.user_id).has_value(),
           "a list of rooms has a room that was left");
  }
}

}  // namespace greenroom::sim

// SPDX-License-Identifier: MIT
#include "sim/closing.hpp"

#include <algorithm>
#include <string>

#include "sim/violation.hpp"

namespace greenroom::sim {

namespace {

constexpr std::uint64_t looked_at_every = 4;

std::string where(const decided& d) {
  return "index " + std::to_string(d.index);
}

void check_nobody(const chat::memory_state& s, const uuid& user) {
  const auto u = s.find_user(user);
  ensure(u && u->erased && u->deactivated && u->username == "deleted user" &&
             u->display_name == u->username && u->avatar_url.empty() && u->email.empty() &&
             u->password_hash.empty() && u->last_seen == 0,
         "something is left of who was erased", [&] { return user.str(); });
  ensure(s.sessions_of(user).empty(), "something is left of who was erased: a session");
}

void check_is_out(const chat::memory_state& s, const uuid& room, const uuid& user) {
  const auto known = s.find_outsider(room, user);
  ensure(!s.find_member(room, user) && !(known && known->is == chat::outsider::standing::invited),
         "who was erased is in a room", [&] { return user.str() + " in " + room.str(); });
}

}  // namespace

void closing::applied(const decided& d, const chat::memory_state& s, bool first) {
  if (d.index % looked_at_every == 0) {
    for (const auto& [user, a] : accounts_)
      if (a.erased_at != 0 && a.erased_at <= d.index) check_nobody(s, user);
  }
  if (!first) return;
  if (std::holds_alternative<chat::session_granted>(d.outcome.answer)) check_sessions(d, s);
  check_authors(d, s);
  if (std::holds_alternative<error>(d.outcome.answer)) return;
  if (const auto* what = std::get_if<chat::close_account>(&d.command.data)) {
    if (!d.outcome.duplicate) closed(*what, d, s);
  } else if (const auto* told_now = std::get_if<chat::close_person>(&d.command.data)) {
    told(*told_now, d, s);
  } else {
    check_hooks(d, s);
  }
}

void closing::closed(const chat::close_account& what, const decided& d,
                     const chat::memory_state& s) {
  using how = chat::close_account::what;
  auto& a = accounts_[what.user_id];
  if (what.how == how::reopen) {
    ensure(a.erased_at == 0, "who was erased is there again", [&] { return where(d); });
    a.closed = false;
    return;
  }
  a.closed = true;
  ++closed_;
  if (what.how == how::erase && a.erased_at == 0) a.erased_at = d.index;
  const auto u = s.find_user(what.user_id);
  ensure(u && u->deactivated && u->erased == (a.erased_at != 0), "an account is not closed",
         [&] { return where(d); });
  check_sessions(d, s);
  if (a.erased_at != 0) check_nobody(s, what.user_id);
}

void closing::check_sessions(const decided& d, const chat::memory_state& s) const {
  for (const auto& [user, a] : accounts_) {
    if (!a.closed) continue;
    ensure(std::ranges::all_of(s.sessions_of(user), &chat::session::revoked),
           "a closed account has an open session",
           [&, user = user] { return where(d) + ", " + user.str(); });
  }
}

void closing::told(const chat::close_person& what, const decided& d, const chat::memory_state& s) {
  for (const auto& h : s.webhooks()) {
    if (h.room_id == what.room_id && h.created_by == what.user_id && !h.maker_gone)
      ensure(h.kind != chat::webhook::what::outgoing, "a webhook goes on without its maker",
             [&] { return where(d); });
    if (h.room_id == what.room_id && h.maker_gone) stopped_.emplace(h.room_id, h.id);
  }
  if (!what.erased) return;
  ensure(is_erased(what.user_id), "a room takes somebody for erased who is not",
         [&] { return where(d); });
  if (const auto r = s.find_room(what.room_id); !r || r->deleted) return;
  check_is_out(s, what.room_id, what.user_id);
  gone_.emplace(what.room_id, what.user_id);
}

/// Who comes back into a room (what he had asked for was on its way) may speak until it is told
/// again.
void closing::check_authors(const decided& d, const chat::memory_state& s) {
  for (const auto& c : d.outcome.changes) {
    const auto e = s.find_entry(c.room_id, c.seq);
    ensure(e.has_value(), "an entry is not there");
    const bool is_about_people = e->kind == chat::room_entry::what::membership;
    if (is_about_people && e->event == chat::room_event_kind::joined) {
      gone_.erase({c.room_id, e->user_id});
      continue;
    }
    if (is_about_people && e->event == chat::room_event_kind::left) continue;
    ensure(!gone_.contains({c.room_id, e->by}), "who was erased writes in a room that he has left",
           [&] { return where(d) + ", " + e->by.str() + " in " + c.room_id.str(); });
  }
}

void closing::check_hooks(const decided& d, const chat::memory_state& s) {
  if (const auto* gone = std::get_if<chat::delete_webhook>(&d.command.data)) {
    stopped_.erase({gone->room_id, gone->hook_id});
  } else if (const auto* again = std::get_if<chat::replay_webhook>(&d.command.data)) {
    if (!again->delivery_id && !d.outcome.duplicate)
      stopped_.erase({again->room_id, again->hook_id});
  } else if (const auto* told_now = std::get_if<chat::advance_webhook>(&d.command.data)) {
    if (!stopped_.contains({told_now->room_id, told_now->hook_id})) return;
    ensure(s.find_webhook(told_now->room_id, told_now->hook_id)->paused,
           "a webhook goes on without its maker", [&] { return where(d); });
  }
}

void closing::check_end(const chat::memory_state& s) const {
  for (const auto& [room, hook] : stopped_) {
    const auto h = s.find_webhook(room, hook);
    ensure(h && h->paused && h->maker_gone, "a webhook goes on without its maker");
  }
  for (const auto& [user, a] : accounts_) {
    const auto u = s.find_user(user);
    ensure(u && u->deactivated == a.closed, "an account is closed, or open, that should not be");
    ensure(!u->leaving, "the rooms of a closed account are not told");
    if (a.erased_at == 0) continue;
    check_nobody(s, user);
    for (const auto& r : s.rooms())
      if (!r.deleted) check_is_out(s, r.id, user);
    for (const auto& l : s.user_rooms_after(user, {}, 1000))
      ensure(l.state == chat::user_room::standing::left, "who was erased is in a room",
             [&, l = l] { return "by his list, " + l.room_id.str(); });
  }
}

bool closing::is_erased(const uuid& user) const {
  const auto it = accounts_.find(user);
  return it != accounts_.end() && it->second.erased_at != 0;
}

std::size_t closing::erased() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(accounts_, [](const auto& one) { return one.second.erased_at != 0; }));
}

}  // namespace greenroom::sim

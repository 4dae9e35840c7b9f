// SPDX-License-Identifier: MIT
#include "sim/keeping.hpp"

#include <algorithm>

#include "sim/violation.hpp"

namespace greenroom::sim {

namespace {

constexpr unix_ms day_ms = unix_ms{24} * 60 * 60 * 1000;

std::string where(const decided& d) {
  return "index " + std::to_string(d.index);
}

/// Nothing up to here is there, and all after it.
void check_cut(const chat::memory_state& s, const chat::room& r, const char* rule) {
  const auto entries = s.entries_of(r.id);
  ensure(entries.size() == r.last_seq - r.purged_seq, rule);
  ensure(entries.empty() || entries.front().seq == r.purged_seq + 1, rule);
  for (std::uint64_t seq = 1; seq <= r.purged_seq; ++seq)
    ensure(!s.find_message(r.id, seq), rule, [&] { return std::to_string(seq); });
}

}  // namespace

void keeping::noted(const uuid& room, std::uint64_t seq, unix_ms time, bool is_message) {
  auto& all = events_[room];
  ensure(seq == all.size() + 1, "an event is noted out of turn");
  all.push_back({time, is_message});
}

void keeping::restored(const uuid& room, const uuid& original, std::uint64_t last_seq,
                       std::uint64_t purged_seq) {
  const auto& from = events_.at(original);
  events_[room] = {from.begin(), from.begin() + static_cast<long>(last_seq)};
  if (purged_seq > 0) purged_[room] = purged_seq;
}

void keeping::applied(const decided& d, const chat::memory_state& s, bool first) {
  if (std::holds_alternative<error>(d.outcome.answer)) return;
  if (std::holds_alternative<chat::room_purged>(d.outcome.answer)) return purged(d, s, first);
  if (std::holds_alternative<chat::advance_webhook>(d.command.data)) return advanced(d, s, first);
  if (const auto* gone = std::get_if<chat::delete_webhook>(&d.command.data)) {
    if (d.outcome.duplicate) return;
    ensure(!s.find_webhook(gone->room_id, gone->hook_id) && s.first_dead(gone->hook_id, 1).empty(),
           "a webhook that was deleted is there still", [&] { return where(d); });
    if (first) positions_.erase(gone->hook_id);
  } else if (const auto* made = std::get_if<chat::create_webhook>(&d.command.data)) {
    if (!first || d.outcome.duplicate) return;
    positions_[made->hook.id] = s.find_room(made->hook.room_id)->last_seq;
  }
}

void keeping::purged(const decided& d, const chat::memory_state& s, bool first) {
  const auto& said = std::get<chat::room_purged>(d.outcome.answer);
  const auto r = s.find_room(said.room_id);
  ensure(r.has_value(), "a room is purged that is not there");
  if (first) {
    auto& up_to = purged_[said.room_id];
    ensure(r->purged_seq > up_to, "a room's first seq falls", [&] { return where(d); });
    check_due(*r, up_to, d.time);
    up_to = r->purged_seq;
  }
  check_cut(s, *r, "what was purged is there still");
}

/// From the first that is gone on: too old, or enough messages are left without it.
void keeping::check_due(const chat::room& now, std::uint64_t from, unix_ms time) const {
  const auto& all = events_.at(now.id);
  ensure(now.purged_seq <= all.size(), "something is purged that was never there");
  const auto& keep = now.retention;
  for (auto seq = from + 1; seq <= now.purged_seq; ++seq) {
    const auto& gone = all[seq - 1];
    const bool too_old =
        keep.max_age_days && time - gone.time > static_cast<unix_ms>(*keep.max_age_days) * day_ms;
    const auto left = std::count_if(all.begin() + static_cast<long>(seq), all.end(),
                                    [](const event& e) { return e.is_message; });
    const bool too_many =
        keep.max_messages && static_cast<std::uint64_t>(left) >= *keep.max_messages;
    ensure(too_old || too_many, "something is purged that is to be kept",
           [&] { return "seq " + std::to_string(seq) + " of " + now.id.str(); });
  }
}

void keeping::advanced(const decided& d, const chat::memory_state& s, bool first) {
  const auto& told = std::get<chat::advance_webhook>(d.command.data);
  const auto h = s.find_webhook(told.room_id, told.hook_id);
  const auto r = s.find_room(told.room_id);
  ensure(h && r, "a webhook advances that is not there");
  ensure(h->delivered_seq >= told.seq, "a webhook's position goes back", [&] { return where(d); });
  ensure(h->delivered_seq <= r->last_seq, "a webhook has got what has not happened",
         [&] { return where(d); });
  if (!first) return;
  auto& position = positions_.at(told.hook_id);
  ensure(h->delivered_seq >= position, "a webhook's position goes back", [&] { return where(d); });
  while (position < h->delivered_seq) {
    const auto seq = ++position;
    const bool given_up =
        std::ranges::any_of(told.dead, [&](const auto& dead) { return dead.seq == seq; });
    ensure(given_up || seq <= r->purged_seq || delivered_[told.hook_id].contains(seq),
           "a webhook passes an event that nobody has delivered",
           [&] { return where(d) + ", seq " + std::to_string(seq); });
  }
}

void keeping::check_end(const chat::memory_state& s) const {
  for (const auto& r : s.rooms()) {
    if (r.deleted) continue;  // it is not open (restoring.hpp)
    const auto up_to = purged_.find(r.id);
    ensure(r.purged_seq == (up_to == purged_.end() ? 0 : up_to->second),
           "a room begins where nobody has cut it");
    check_cut(s, r, "a room is not what is left of it");
    auto head = r.anchor;
    for (const auto& e : s.entries_of(r.id))
      head = protocol::chained(head, e.digest);
    ensure(head == r.chain, "what is left of a room is not chained to its beginning");
  }
  for (const auto& h : s.webhooks()) {
    ensure(positions_.contains(h.id) && positions_.at(h.id) == h.delivered_seq,
           "a webhook is where nobody has brought it");
    ensure(h.paused || h.delivered_seq == s.find_room(h.room_id)->last_seq,
           "a webhook has not come to the end of its room");
  }
}

std::uint64_t keeping::purged() const {
  std::uint64_t all = 0;
  for (const auto& [room, up_to] : purged_)
    all += up_to;
  return all;
}

std::size_t keeping::deliveries() const {
  std::size_t all = 0;
  for (const auto& [hook, seqs] : delivered_)
    all += seqs.size();
  return all;
}

}  // namespace greenroom::sim

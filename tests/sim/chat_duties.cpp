// SPDX-License-Identifier: MIT
#include "sim/chat_duties.hpp"

#include <algorithm>

#include "chat/apply.hpp"
#include "sim/chat_world.hpp"
#include "store/commands.hpp"

namespace greenroom::sim {

namespace {

constexpr raft::steady_ms every_ms = 15;
/// Fewer than a real one needs, so that it happens.
constexpr std::uint32_t failures_until_paused = 3;

bool has_replay(const chat::memory_state& s, const chat::webhook& h) {
  const auto dead = s.first_dead(h.id, chat::dead_deliveries_max);
  return std::ranges::any_of(dead, [](const chat::dead_delivery& d) { return d.replay; });
}

}  // namespace

void chat_duties::on_time() {
  if (in_.now() < next_) return;
  next_ = in_.now() + every_ms;
  if (purge_tag_ == 0) {
    if (auto what = next_purge()) {
      // Sometimes less than might go.
      if (in_.pick(2) == 0) what->up_to = in_.state(self_).find_room(what->room_id)->purged_seq + 1;
      propose(*what, purge_tag_);
    }
  }
  if (abandon_tag_ == 0) {
    if (const auto what = next_abandoned()) propose(*what, abandon_tag_);
  }
  if (hook_tag_ == 0) {
    if (const auto to = next_hook()) propose(deliver(*to), hook_tag_);
  }
}

void chat_duties::ended(std::uint64_t tag) {
  if (tag == purge_tag_) purge_tag_ = 0;
  if (tag == abandon_tag_) abandon_tag_ = 0;
  if (tag == hook_tag_) hook_tag_ = 0;
}

/// It may be applied before this returns.
void chat_duties::propose(chat::command_data what, std::uint64_t& tag) {
  const chat::command c{.time = in_.wall(self_), .data = std::move(what)};
  tag = in_.new_tag();
  if (!in_.offer(self_, tag, store::encode(c))) tag = 0;
}

std::optional<chat::purge_room> chat_duties::next_purge() const {
  const auto& s = in_.state(self_);
  for (const auto& r : s.rooms()) {
    if (r.retention == protocol::room_retention{} || r.deleted) continue;
    const auto first = s.find_entry(r.id, r.purged_seq + 1);
    if (first && chat::purge_is_due(r, first->time, std::max(in_.wall(self_), s.clock())))
      return chat::purge_room{r.id, r.purged_seq + chat::purged_seqs_max};
  }
  return std::nullopt;
}

std::optional<chat::abandon_restore> chat_duties::next_abandoned() const {
  const auto& s = in_.state(self_);
  for (const auto& r : s.rooms()) {
    using enum chat::restoration::what;
    const bool fills = r.restored.is == filling || r.restored.is == people;
    const auto rests = std::max(in_.wall(self_), s.clock()) - r.restored.at;
    if (fills && rests > chat::restoration_rests_max_ms) return chat::abandon_restore{{}, r.id};
  }
  return std::nullopt;
}

std::optional<chat::webhook> chat_duties::next_hook() const {
  const auto& s = in_.state(self_);
  for (auto& h : s.webhooks()) {
    if (h.kind != chat::webhook::what::outgoing || h.paused) continue;
    if (h.delivered_seq < s.find_room(h.room_id)->last_seq || has_replay(s, h)) return h;
  }
  return std::nullopt;
}

/// The receiver gets some events; if the command that says so is lost, he gets them again.
chat::advance_webhook chat_duties::deliver(const chat::webhook& to) {
  const auto& s = in_.state(self_);
  chat::advance_webhook told{.room_id = to.room_id,
                             .hook_id = to.id,
                             .seq = to.delivered_seq,
                             .dead = {},
                             .settled = {},
                             .failures = to.failures,
                             .paused = false};
  for (const auto& d : s.first_dead(to.id, chat::dead_deliveries_max)) {
    if (!d.replay) continue;
    in_.log().delivered(to.id, d.seq);
    told.settled.push_back(d.id);
  }
  const auto last = s.find_room(to.room_id)->last_seq;
  const auto end = std::min(last, told.seq + 1 + in_.pick(4));
  while (told.seq < end && told.failures < failures_until_paused) {
    const auto seq = ++told.seq;
    if (!s.find_entry(to.room_id, seq)) continue;  // purged
    if (in_.how() == sabotage::hook_skips_event && seq % 8 == 0) continue;
    if (in_.pick(4) == 0) {
      ++told.failures;
      told.dead.push_back({.hook_id = to.id,
                           .id = chat::delivery_id_of(to.id, seq),
                           .seq = seq,
                           .given_up_at = 0,
                           .attempts = 1,
                           .status = 500,
                           .failure = "no",
                           .replay = false});
    } else {
      told.failures = 0;
      in_.log().delivered(to.id, seq);
    }
  }
  told.paused = told.failures >= failures_until_paused;
  return told;
}

}  // namespace greenroom::sim

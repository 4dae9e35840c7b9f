// SPDX-License-Identifier: MIT
/// Who listens to a room, and what they are sent.

#include <algorithm>
#include <utility>

#include "actors/announcements.hpp"
#include "actors/room.hpp"
#include "chat/apply.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

/// A room repeats its last seq once, this long after its last event: a relay that has missed that
/// event notices.
constexpr auto silence = 200ms;
/// One page of entries: what a link carries without making others wait.
constexpr std::uint32_t page_entries_max = 500;
constexpr std::size_t page_bytes_max = 512 * 1024;

bool changes_membership(const chat::room_entry& e) {
  using kind = protocol::room_event_kind;
  return e.kind == chat::room_entry::what::membership &&
         (e.event == kind::joined || e.event == kind::left || e.event == kind::removed ||
          e.event == kind::banned);
}

}  // namespace

void room::on(const asked& a, const room_attach& c) {
  // Where everybody is, whoever is there before the first word waits for it.
  const bool begins = !room_ && is_for_everybody(id());
  if (!begins && (!room_ || room_->deleted)) {
    answer(a, *chat::may_read(std::nullopt, std::nullopt));
    return;
  }
  const auto now = clock::now();
  const auto known = std::find_if(nodes_.begin(), nodes_.end(),
                                  [&](const listener& l) { return l.node == c.node; });
  if (known == nodes_.end()) {
    nodes_.push_back({c.node, now});
  } else {
    known->confirmed = now;
  }
  room_attached reply;
  reply.after_seq = c.after_seq.value_or(last_seq_);
  reply.last_seq = last_seq_;
  reply.term = place().term;
  for (const auto& user : c.users) {
    if (const auto* m = find_member(user)) {
      reply.members.emplace_back(user, first_told(*m));
    }
  }
  report(std::to_string(nodes_.size()) + " nodes listen");
  show_facts();
  answer(a, std::move(reply));
}

void room::on(const asked& a, const room_admit& c) {
  const auto self = member_of(c.user_id);
  const auto known = self ? std::nullopt : reader().find_outsider(id(), c.user_id);
  const bool begins = !room_ && is_for_everybody(id());
  if (!begins && chat::may_read(room_, chat::person_of(self, known))) {
    // Also of a public room: a session that still takes the person for a member has asked, and
    // says the same as one that knows better.
    answer(a, *chat::may_read(std::nullopt, std::nullopt));
    return;
  }
  answer(a, room_admitted{first_told(*self), last_seq_});
}

void room::on(const asked& a, const room_detach& c) {
  std::erase_if(nodes_, [&](const listener& l) { return l.node == c.node; });
  report(std::to_string(nodes_.size()) + " nodes listen");
  show_facts();
  answer(a, actors::done{});
}

/// The entries as events, with their objects as they are now. A page ends early when it is large:
/// the relay asks on from where it is.
void room::on(const asked& a, const room_entries& c) {
  room_page page;
  page.last_seq = last_seq_;
  if (!room_) {
    answer(a, std::move(page));
    return;
  }
  const auto limit = std::clamp<std::uint32_t>(c.limit, 1, page_entries_max);
  page.first_seq = room_->purged_seq + 1;
  // Live events follow from last_seq_ on, also when the store is ahead.
  const auto to = std::min(c.to, last_seq_);
  std::size_t bytes = 0;
  for (const auto& e : reader().entries(id(), std::max(c.from, page.first_seq), to, limit)) {
    std::optional<chat::message> object;
    if (e.kind != chat::room_entry::what::membership) {
      object = reader().find_message(id(), e.message_seq);
    }
    auto event = chat::event_of(*room_, e, object);
    if (!event) {
      continue;
    }
    bytes += object ? object->content.size() + 256 : 512;
    page.events.push_back({id(), e.seq, std::move(*event),
                           changes_membership(e) ? std::optional(e.user_id) : std::nullopt});
    if (bytes >= page_bytes_max) {
      break;
    }
  }
  answer(a, std::move(page));
}

// -- publishing --------------------------------------------------------------------------------

void room::publish(const chat::room_change& change) {
  if (nodes_.empty()) {
    return;
  }
  send_to_nodes(std::make_shared<const stream_event>(
      stream_event{change.room_id, change.seq, change.event, change.user_id}));
  silence_due_ = clock::now() + silence;
  wake_at(silence_due_);
}

void room::publish_cursor(const chat::cursor_change& change, unix_ms time) {
  if (nodes_.empty() || !is_quiet()) {
    return;
  }
  stream_event e;
  e.room_id = id();
  e.event = {time, protocol::message_status{id(), change.user_id, change.status, change.seq}};
  send_to_nodes(std::make_shared<const stream_event>(std::move(e)));
}

/// Once per node; null: only how far the room is.
void room::send_to_nodes(std::shared_ptr<const stream_event> event) {
  if (nodes_.empty()) {
    return;
  }
  auto p = std::make_shared<room_publish>();
  p->room_id = id();
  p->term = place().term;
  p->last_seq = last_seq_;
  p->event = std::move(event);
  const room_publish_ptr shared = std::move(p);
  for (const auto& l : nodes_) {
    board().publish(l.node, shared);
  }
}

}  // namespace greenroom::actors

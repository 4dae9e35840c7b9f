// SPDX-License-Identifier: MIT
#include "sim/chat_server.hpp"

#include <algorithm>

#include "chat/apply.hpp"
#include "sim/chat_world.hpp"
#include "store/commands.hpp"

namespace greenroom::sim {

namespace {

constexpr steady_ms round_again_ms = 60;
constexpr steady_ms read_within_ms = 300;
constexpr std::size_t read_messages = 5;

/// What an item of the outbox is where it arrives (src/actors/outbox_sender.cpp).
chat::command_data body_of(const chat::outbox_item& item) {
  using enum chat::outbox_item::what;
  switch (item.kind) {
    case sweep_room:
      return chat::sweep_room{item.target, true};
    case sweep_user:
      return chat::sweep_user{item.target};
    case person_closed:
    case person_erased:
      return chat::close_person{item.target, item.user_id, item.kind == person_erased};
    case user_room:
      return chat::put_user_room{item.line, true};
    case confirm_email:  // nobody has an address here
    case release_email:
      break;
  }
  return chat::forget_outbox{{item.id}};
}

/// A mistake made on purpose: it is forgotten before it has arrived.
bool loses(sabotage how, const chat::outbox_item& item) {
  using enum chat::outbox_item::what;
  if (how == sabotage::outbox_forgotten) return item.kind == user_room;
  return how == sabotage::closing_untold && item.kind == person_erased;
}

}  // namespace

// -- leading -------------------------------------------------------------------------------------

void chat_server::role_changed(raft::role now, std::uint64_t term) {
  const bool leads = now == raft::role::leader;
  if (leading_ && (!leads || term != term_)) stop_leading();
  term_ = term;
  if (leads && !leading_) {
    leading_ = true;
    open_at_ = in_.status(self_).last_index;
  }
}

void chat_server::open_if_ready() {
  if (!leading_ || open_) return;
  if (in_.how() != sabotage::open_too_early && in_.status(self_).applied_index < open_at_) return;
  open_ = true;
  hear({term_, self_});
  for (const auto other : in_.ids()) {
    if (other == self_) continue;
    in_.post(self_, other, [&in = in_, other, n = notice{term_, self_}] {
      if (in.alive(other)) in.server(other).hear(n);
    });
  }
}

void chat_server::stop_leading() {
  leading_ = open_ = false;
  for (const auto& [tag, c] : std::exchange(calls_, {}))
    refuse(c, answer::kind::unavailable);
  for (auto* list : {&reads_, &confirming_}) {
    for (const auto& r : std::exchange(*list, {}))
      refuse(r.from, answer::kind::unavailable);
  }
  outbox_tag_ = arrived_ = 0;
  duties_.stop();
}

void chat_server::hear(const notice& n) {
  if (n.term >= board_.term) board_ = n;
}

void chat_server::on_time() {
  open_if_ready();
  if (!open_) return;
  empty_outbox();
  duties_.on_time();
  if (confirming_.empty() || in_.now() < round_again_) return;
  reads_.insert(reads_.begin(), confirming_.begin(), confirming_.end());
  confirming_.clear();
  std::erase_if(reads_, [&](const waiting_read& r) {
    if (in_.now() - r.since < read_within_ms) return false;
    refuse(r.from, answer::kind::unavailable);
    return true;
  });
  if (!reads_.empty()) start_round();
}

/// One item at a time: it arrives, then it is forgotten.
void chat_server::empty_outbox() {
  if (outbox_tag_ != 0) return;
  const auto items = in_.state(self_).outbox();
  if (items.empty()) return;
  const auto& item = items.front();
  const bool goes = arrived_ != item.id && !loses(in_.how(), item);
  const chat::command c{.time = in_.wall(self_),
                        .data = goes ? body_of(item) : chat::forget_outbox{{item.id}}};
  outbox_item_ = item.id;
  const auto tag = in_.new_tag();
  outbox_tag_ = tag;
  if (!in_.offer(self_, tag, store::encode(c))) outbox_tag_ = 0;
}

/// A bit was done, of which there may be more: then it is told again.
void chat_server::outbox_told(const chat::outcome& o) {
  outbox_tag_ = 0;
  const auto* swept = std::get_if<chat::room_swept>(&o.answer);
  if (swept == nullptr || swept->what == chat::room_swept::left::nothing) arrived_ = outbox_item_;
}

// -- calls ---------------------------------------------------------------------------------------

void chat_server::take(const call& c) {
  open_if_ready();
  if (open_) return c.what.what == verb::read ? read(c) : write(c);
  const auto leader = board_.leader;
  if (c.forwarded || leader == 0 || leader == self_) {
    return refuse(c, answer::kind::not_leader, leader == self_ ? 0 : leader);
  }
  auto on = c;
  on.forwarded = true;
  const auto copies = in_.post(self_, leader, [&in = in_, leader, on] {
    if (in.alive(leader)) in.server(leader).take(on);
  });
  if (copies > 1) in_.log().attempted(c.op, copies - 1);
}

void chat_server::write(const call& c) {
  if (in_.how() == sabotage::refuse_unconfirmed && c.what.what == verb::send) {
    const auto& s = in_.state(self_);
    if (chat::may_read(s.find_room(c.what.room), s.find_member(c.what.room, c.what.user))) {
      answer a{.how = answer::kind::refused};
      a.code = ec::forbidden;
      return reply(c, a);
    }
  }
  const auto command = command_of(c.what);
  const auto tag = in_.new_tag();
  calls_[tag] = c;
  if (!in_.offer(self_, tag, store::encode(command))) {
    calls_.erase(tag);
    return refuse(c, answer::kind::unavailable);
  }
  const auto* sent = std::get_if<chat::send_message>(&command.data);
  if (in_.how() != sabotage::ack_before_commit || sent == nullptr) return;
  const auto r = in_.state(self_).find_room(c.what.room);
  answer a{.how = answer::kind::ok, .object = sent->id, .seq = r ? r->last_seq + 1 : 1};
  if (r) reply(c, a);
}

void chat_server::visible(const decided& d) {
  if (d.tag == 0) return;
  if (d.tag == outbox_tag_) outbox_told(d.outcome);
  duties_.ended(d.tag);
  const auto open = calls_.extract(d.tag);
  if (open.empty()) return;
  reply(open.mapped(), answer_of(open.mapped().what, d.outcome));
}

void chat_server::dropped(std::uint64_t tag) {
  if (tag == outbox_tag_) outbox_tag_ = 0;
  duties_.ended(tag);
  const auto open = calls_.extract(tag);
  if (!open.empty()) refuse(open.mapped(), answer::kind::unavailable);
}

answer chat_server::answer_of(const request& r, const chat::outcome& o) const {
  answer a{.how = answer::kind::ok, .duplicate = o.duplicate};
  if (const auto* e = std::get_if<error>(&o.answer)) {
    a.how = answer::kind::refused;
    a.code = e->code;
  } else if (const auto* w = std::get_if<chat::message_written>(&o.answer)) {
    a.object = w->id;
    a.seq = w->seq;
    if (o.duplicate && in_.how() == sabotage::repeat_with_new_seq) {
      a.seq = in_.state(self_).find_room(r.room)->last_seq;
    }
    if (in_.how() == sabotage::refuse_written && a.seq % 8 == 0) {
      a = {.how = answer::kind::refused};
      a.code = ec::conflict;
    }
  } else if (const auto* h = std::get_if<chat::webhook_changed>(&o.answer)) {
    a.object = h->hook.id;
  } else if (const auto* m = std::get_if<chat::marked>(&o.answer)) {
    if (!m->verdicts.empty() && m->verdicts.front()) {
      a.how = answer::kind::refused;
      a.code = m->verdicts.front()->code;
    }
  }
  return a;
}

void chat_server::reply(const call& to, answer a) {
  a.op = to.op;
  a.by = self_;
  a.term = term_;
  if (a.how == answer::kind::ok && to.what.what != verb::read) {
    in_.log().acknowledged(self_, term_);
  }
  in_.post(self_, to.client, [&in = in_, to = to.client, a] { in.tell(to, a); });
}

void chat_server::refuse(const call& to, answer::kind how, server_id hint) {
  reply(to, {.how = how, .hint = hint});
}

// -- reads ---------------------------------------------------------------------------------------

std::set<server_id> chat_server::voters() const {
  std::set<server_id> out;
  for (const auto& s : in_.node(self_).group().servers)
    if (s.voter) out.insert(s.id);
  return out;
}

void chat_server::read(const call& c) {
  if (voters() == std::set{self_} || in_.how() == sabotage::read_unconfirmed) {
    return reply(c, read_now(c.what));
  }
  reads_.push_back({c, in_.now()});
  if (confirming_.empty()) start_round();
}

void chat_server::start_round() {
  confirming_ = std::exchange(reads_, {});
  confirmed_by_ = {self_};
  ++round_;
  for (const auto other : voters()) {
    if (other == self_) continue;
    in_.post(self_, other, [&in = in_, other, p = probe{self_, term_, round_, false}] {
      if (in.alive(other)) in.server(other).take(p);
    });
  }
  round_again_ = in_.now() + round_again_ms;
}

void chat_server::take(const probe& p) {
  if (!p.is_answer) {
    const probe back{self_, in_.status(self_).term, p.round, true};
    in_.post(self_, p.from, [&in = in_, to = p.from, back] {
      if (in.alive(to)) in.server(to).take(back);
    });
    return;
  }
  if (!open_ || p.term != term_ || p.round != round_ || confirming_.empty()) return;
  confirmed_by_.insert(p.from);
  const auto all = voters();
  const auto known =
      std::ranges::count_if(all, [&](server_id id) { return confirmed_by_.contains(id); });
  if (static_cast<std::size_t>(known) <= all.size() / 2) return;
  for (const auto& r : std::exchange(confirming_, {}))
    reply(r.from, read_now(r.from.what));
  if (!reads_.empty()) start_round();
}

answer chat_server::read_now(const request& r) const {
  const auto& s = in_.state(self_);
  const auto room = s.find_room(r.room);
  const auto self = s.find_member(r.room, r.user);
  answer a{.how = answer::kind::ok};
  if (const auto bad = chat::may_read(room, self)) {
    a.how = answer::kind::refused;
    a.code = bad->code;
    return a;
  }
  a.seq = room->last_seq;
  a.first_seq = room->purged_seq + 1;
  a.read_seq = self->read_seq;
  a.delivered_seq = self->delivered_seq;
  for (auto seq = a.seq; seq > 0 && a.seq - seq < read_messages; --seq) {
    if (const auto m = s.find_message(r.room, seq)) a.messages.emplace_back(seq, m->id);
  }
  return a;
}

}  // namespace greenroom::sim

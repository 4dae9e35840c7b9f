// SPDX-License-Identifier: MIT
#include "sim/chat_machine.hpp"

#include <algorithm>

#include "chat/apply.hpp"
#include "sim/chat_state.hpp"
#include "store/commands.hpp"

namespace greenroom::sim {

namespace {

/// A crash goes back by at most so many commits.
constexpr std::size_t commits_kept = 24;

/// Who asks, if the command says so.
chat::origin* origin_of(chat::command& c) {
  return std::visit(
      [](auto& data) -> chat::origin* {
        if constexpr (requires { data.from; }) {
          return &data.from;
        } else {
          return nullptr;
        }
      },
      c.data);
}

/// Before the rules see the command.
void spoil(const rules& how, chat::command& c, const chat::memory_state& s) {
  auto* from = origin_of(c);
  if (how.how == sabotage::own_clock && how.by == 2 && how.clock) c.time = how.clock();
  if (from == nullptr) return;
  if (how.how == sabotage::forget_repeats) from->message_id = {};
  if (how.how == sabotage::forget_repeats_early) {
    const auto known = s.find_dedup(from->user_id, from->message_id);
    if (known && s.clock() - known->time > 3'600'000) from->message_id = {};
  }
}

/// After they have decided.
void spoil(const rules& how, chat::memory_state& s, const chat::command& c) {
  if (how.how == sabotage::cursor_goes_back) {
    const auto* m = std::get_if<chat::mark>(&c.data);
    if (m == nullptr || m->marks.front().seq % 4 != 0) return;
    auto who = s.find_member(m->room_id, m->marks.front().user_id);
    if (!who || who->read_seq < 2) return;
    --who->read_seq;
    s.put_member(m->room_id, *who);
  } else if (how.how == sabotage::hole_in_seq) {
    const auto* sent = std::get_if<chat::send_message>(&c.data);
    if (sent == nullptr || sent->id.bytes[15] % 16 != 0) return;
    if (auto r = s.find_room(sent->what.room_id)) {
      ++r->last_seq;
      s.put_room(*r);
    }
  } else if (how.how == sabotage::hook_goes_back) {
    const auto* told = std::get_if<chat::advance_webhook>(&c.data);
    if (told == nullptr || told->seq % 4 != 0) return;
    if (auto h = s.find_webhook(told->room_id, told->hook_id); h && h->delivered_seq > 0) {
      --h->delivered_seq;
      s.put_webhook(*h);
    }
  }
}

/// After something was purged.
void spoil_purge(const rules& how, chat::memory_state& s, const chat::room_purged& o) {
  auto r = s.find_room(o.room_id);
  if (how.how == sabotage::purge_leaves_message && how.by == 2) {
    chat::message kept;
    kept.id = uuid::v5(r->id, std::to_string(o.purged_seq));
    kept.room_id = r->id;
    kept.seq = o.purged_seq;
    s.put_message(kept);
  } else if (how.how == sabotage::purge_takes_more && r->purged_seq < r->last_seq) {
    ++r->purged_seq;
    s.erase_entry(r->id, r->purged_seq);
    if (const auto m = s.find_message(r->id, r->purged_seq)) s.erase_message(*m);
    s.put_room(*r);
  }
}

/// After a part of a room's file was taken.
void spoil_restored(const rules& how, chat::memory_state& s, const chat::restore_room& part) {
  auto r = s.find_room(part.room_id);
  if (how.how == sabotage::restore_opens_early && !part.ends) {
    r->deleted = false;
    s.put_room(*r);
  }
  if (!part.ends) return;
  if (how.how == sabotage::restore_breaks_chain) {
    r->chain = r->anchor;
    s.put_room(*r);
  } else if (how.how == sabotage::restore_leaves_entry) {
    s.erase_entry(r->id, r->purged_seq + 1);
  } else if (how.how == sabotage::restore_loses_change) {
    for (auto seq = r->purged_seq + 1; seq <= r->last_seq; ++seq) {
      auto m = s.find_message(r->id, seq);
      if (!m || (m->reactions.empty() && !m->pinned)) continue;
      m->reactions.clear();
      m->pinned = false;
      return s.put_message(*m);
    }
  }
}

/// After a room was told of a closed account.
void spoil_told(const rules& how, chat::memory_state& s, const chat::close_person& told) {
  auto r = s.find_room(told.room_id);
  if (!r) return;
  if (how.how == sabotage::erased_stays && told.erased) {
    chat::member stays;
    stays.user_id = told.user_id;
    s.put_member(r->id, stays);
    ++r->member_count;
    s.put_room(*r);
  } else if (how.how == sabotage::closed_hook_goes_on) {
    for (auto h : s.first_webhooks(r->id, chat::webhooks_per_room_max)) {
      if (h.created_by != told.user_id) continue;
      h.paused = h.maker_gone = false;
      s.put_webhook(h);
    }
  }
}

/// After a message was edited, or a room was swept that was given up.
void spoil_room(const rules& how, chat::memory_state& s, const chat::command& c) {
  if (const auto* edit = std::get_if<chat::edit_message>(&c.data)) {
    if (how.how != sabotage::edit_shows_nothing) return;
    auto m =
        s.find_message(edit->what.room_id, *s.find_message_seq(edit->what.room_id, edit->what.id));
    m->content = "what it was";
    s.put_message(*m);
  } else if (const auto* swept = std::get_if<chat::sweep_room>(&c.data)) {
    const auto r = s.find_room(swept->room_id);
    if (how.how != sabotage::given_up_leaves_message || !r || !r->deleted) return;
    chat::message left;
    left.id = r->id;
    left.room_id = r->id;
    left.seq = r->last_seq;
    s.put_message(left);
  }
}

/// After an account was closed, or a room was told of it.
void spoil_closed(const rules& how, chat::memory_state& s, const chat::command& c) {
  if (const auto* what = std::get_if<chat::close_account>(&c.data)) {
    const auto account = s.find_user(what->user_id);
    if (how.how != sabotage::closed_keeps_session || !account->deactivated) return;
    const auto sessions = s.sessions_of(account->id);
    if (sessions.empty()) return;
    auto kept = sessions.front();
    kept.revoked = false;
    s.put_session(kept);
  } else if (const auto* told = std::get_if<chat::close_person>(&c.data)) {
    spoil_told(how, s, *told);
  }
}

/// Who was erased, has left, and sends all the same, is let in for as long as that takes.
std::optional<chat::member> let_in(const rules& how, chat::memory_state& s,
                                   const chat::command& c) {
  const auto* sent = std::get_if<chat::send_message>(&c.data);
  if (how.how != sabotage::erased_writes || sent == nullptr) return std::nullopt;
  const auto account = s.find_user(sent->from.user_id);
  const auto& room = sent->what.room_id;
  if (!account || !account->erased || s.find_member(room, account->id)) return std::nullopt;
  chat::member back;
  back.user_id = account->id;
  s.put_member(room, back);
  return back;
}

}  // namespace

decided rules::apply(const raft::committed_entry& e, chat::memory_state& s) const {
  decided d{
      .index = e.index, .term = e.term, .tag = e.tag, .time = 0, .command = {}, .outcome = {}};
  auto command = store::decode_command(e.data);
  ensure(command.has_value(), "an entry is not a command", [&] { return std::to_string(e.index); });
  d.command = std::move(*command);
  if (how == sabotage::skip_apply && by == 2 && e.index % 31 == 0) return d;
  auto said = d.command;
  spoil(*this, said, s);
  const auto back = let_in(*this, s, said);
  d.outcome = chat::apply(said, {.term = e.term}, s);
  if (back) s.erase_member(std::get<chat::send_message>(said.data).what.room_id, back->user_id);
  spoil(*this, s, d.command);
  if (!std::holds_alternative<error>(d.outcome.answer)) {
    const auto* part = std::get_if<chat::restore_room>(&d.command.data);
    if (part != nullptr && !d.outcome.duplicate) spoil_restored(*this, s, *part);
    spoil_closed(*this, s, d.command);
    if (!d.outcome.duplicate) spoil_room(*this, s, d.command);
  }
  if (const auto* o = std::get_if<chat::room_purged>(&d.outcome.answer)) spoil_purge(*this, s, *o);
  d.time = s.clock();
  return d;
}

chat_machine::chat_machine(disk& on, rules how, listener told)
    : disk_(on), rules_(std::move(how)), told_(std::move(told)) {}

void chat_machine::apply(const raft::committed_entry& e) {
  ensure(e.index > committed_ && (since_.empty() || e.index > since_.back().index),
         "an entry is applied twice");
  check_durable(disk_, e);
  if (told_.before) told_.before(e);
  since_.push_back({e.index, e.term, std::string(e.data)});
  open_.push_back(rules_.apply(e, state_));
  if (told_.after) told_.after(open_.back(), state_);
}

void chat_machine::commit(std::uint64_t index) {
  ensure(index > committed_, "the applied index goes back");
  committed_ = index;
  commits_.push_back(index);
  while (commits_.size() > commits_kept) {
    const auto to = commits_.front();
    forward(old_, old_index_, to);
    old_index_ = to;
    commits_.pop_front();
    while (!since_.empty() && since_.front().index <= to)
      since_.pop_front();
  }
  for (const auto& d : std::exchange(open_, {}))
    if (told_.visible) told_.visible(d);
}

void chat_machine::forward(chat::memory_state& s, std::uint64_t from, std::uint64_t to) const {
  for (const auto& e : since_) {
    if (e.index <= from || e.index > to) continue;
    rules_.apply({.index = e.index, .term = e.term, .tag = 0, .data = e.data}, s);
  }
}

std::unique_ptr<raft::state_stream> chat_machine::read_state() {
  return std::make_unique<text_stream>(std::to_string(committed_) + '\n' + encode_state(state_));
}

std::unique_ptr<raft::state_intake> chat_machine::write_state() {
  return std::make_unique<text_intake>();
}

void chat_machine::replaced() {
  const auto text = disk_.take_state();
  if (!text) return;
  ensure(open_.empty(), "a state is replaced while something of it is not visible");
  committed_ = std::stoull(*text);
  state_ = decode_state(std::string_view(*text).substr(text->find('\n') + 1), rules_.how);
  old_ = state_;
  old_index_ = committed_;
  since_.clear();
  commits_.clear();
  ++replaced_;
}

void chat_machine::lose_power(const picker& pick) {
  open_.clear();
  replaced();
  const auto durable = disk_.mark() ? disk_.mark()->index : 0;
  auto keep = commits_.size() - pick(std::min<std::size_t>(commits_.size(), 20) + 1);
  const auto index_of = [&](std::size_t n) { return n == 0 ? old_index_ : commits_[n - 1]; };
  while (keep < commits_.size() && index_of(keep) < durable)
    ++keep;
  commits_.resize(keep);
  committed_ = index_of(keep);
  while (!since_.empty() && since_.back().index > committed_)
    since_.pop_back();
  state_ = old_;
  forward(state_, old_index_, committed_);
}

}  // namespace greenroom::sim

// SPDX-License-Identifier: MIT
/// What is read of a room: its record, its history, its members.

#include <algorithm>
#include <utility>

#include "actors/room.hpp"
#include "chat/apply.hpp"
#include "config/live.hpp"
#include "protocol/limits.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

/// Shorter than a session waits for a leader's answer.
constexpr auto awaited_for = 1500ms;
constexpr std::size_t pages_waiting_max = 64;
/// Sessions ask for one page of a room at a time, so that these are as many people.
constexpr std::size_t reads_waiting_max = 2048;
/// Pages are made for so long, or one of them; then for as long everything else has its turn.
constexpr auto reading_for = 1ms;
/// So long before the time of the call is over a page is refused in place of being made: the asker
/// hears that the room is busy, and does not take it for silent.
constexpr auto refused_before = 250ms;

error too_many_read() {
  auto e = unavailable("too many read this room at once", 500).value();
  e.details.limit = reads_waiting_max;
  return e;
}

/// Opaque to clients: the last member of the page, in hexadecimal.
std::string to_cursor(const uuid& user) {
  auto text = user.str();
  std::erase(text, '-');
  return text;
}

std::optional<uuid> from_cursor(std::string text) {
  if (text.size() != 32) {
    return std::nullopt;
  }
  for (const std::size_t at : {8, 13, 18, 23}) {
    text.insert(at, 1, '-');
  }
  return uuid::parse(text);
}

}  // namespace

void room::on(const asked& a, const room_get& /*c*/) {
  if (const auto bad = refusal_of(a, chat::action::see)) {
    answer(a, *bad);
    return;
  }
  protocol::room_response response;
  response.room = view(true);
  answer(a, answered{std::move(response), false});
}

// -- history -----------------------------------------------------------------------------------

/// Pages take the room's time, and come as fast as people ask: whatever else it does goes first. So
/// they wait in a queue of their own, and take half of the time at most.
void room::on(const asked& a, const room_history& c) {
  const auto now = clock::now();
  if (reads_.empty() && now >= reads_from_) {
    show_page(a, c);
    const auto end = clock::now();
    reads_from_ = end + (end - now);
  } else if (reads_.size() >= reads_waiting_max) {
    answer(a, too_many_read());
  } else {
    reads_.push_back({a, now + std::chrono::milliseconds(a.what->timeout_ms) - refused_before});
    wake_at(reads_from_);
  }
}

void room::serve_reads(clock::time_point now) {
  if (reads_.empty() || now < reads_from_) {
    return;
  }
  auto end = now;
  while (!reads_.empty() && end - now < reading_for) {
    const auto next = std::move(reads_.front());
    reads_.pop_front();
    if (next.due <= end) {
      answer(next.from, too_many_read());
    } else {
      show_page(next.from, std::get<room_history>(next.from.what->body));
    }
    end = clock::now();
  }
  reads_from_ = end + (end - now);
}

void room::show_page(const asked& a, const room_history& c) {
  const auto& what = c.what;
  if (const auto bad = refusal_of(a, chat::action::read)) {
    answer(a, *bad);
    return;
  }
  if (what.before_seq && what.after_seq) {
    answer(a, invalid_field("after_seq", "before_seq or after_seq, not both").value());
    return;
  }
  if (what.min_seq && *what.min_seq > last_seq_) {
    await_seq(a);
    return;
  }
  const auto& pages = config::current(config()).history;
  const auto limit = std::clamp<std::size_t>(what.limit.value_or(pages.page), 1, pages.max_page);
  load_recent();
  auto found = page_from_memory(what, limit);
  if (!found) {
    found = read_history(reader(), *room_, what, limit);
  }
  fit(*found, !what.after_seq);
  put_status(found->messages, a.what->from.user_id);
  protocol::history_response response;
  // The store may be ahead of what has been published.
  response.last_seq =
      found->messages.empty() ? last_seq_ : std::max(last_seq_, found->messages.back().seq);
  response.messages = std::move(found->messages);
  response.has_more = found->has_more;
  answer(a, answered{std::move(response), false});
}

/// The leader has everything there is, but what the asker has heard of may be on its way.
void room::await_seq(const asked& a) {
  if (pages_.size() >= pages_waiting_max) {
    answer(a, unavailable("too much waits for what this room will say").value());
    return;
  }
  pages_.push_back({a, clock::now() + awaited_for});
  wake_at(pages_.back().due);
}

void room::answer_awaited() {
  std::vector<asked> ready;
  std::erase_if(pages_, [&](const waiting_page& w) {
    const auto& what = std::get<room_history>(w.from.what->body).what;
    const bool is_there = *what.min_seq <= last_seq_;
    if (is_there) {
      ready.push_back(w.from);
    }
    return is_there;
  });
  for (const auto& a : ready) {
    on(a, std::get<room_history>(a.what->body));
  }
}

void room::give_up_awaited(clock::time_point now) {
  std::erase_if(pages_, [&](const waiting_page& w) {
    if (w.due > now) {
      return false;
    }
    answer(w.from, invalid_field("min_seq", "the room has not come this far").value());
    return true;
  });
}

void room::load_recent() {
  if (recent_loaded_ || config().rooms.recent_messages == 0) {
    return;
  }
  recent_loaded_ = true;
  auto newest =
      reader().before(id(), 0, config().rooms.recent_messages, room_ ? room_->purged_seq + 1 : 0);
  recent_is_all_ = !newest.has_more;
  recent_.clear();
  for (const auto& m : newest.messages) {
    recent_.push_back(chat::view(m));
  }
}

void room::remember(const protocol::message& m) {
  if (!recent_loaded_ || (!recent_.empty() && recent_.back().seq >= m.seq)) {
    return;
  }
  recent_.push_back(m);
  if (recent_.size() > config().rooms.recent_messages) {
    recent_.pop_front();
    recent_is_all_ = false;
  }
}

/// Empty when the memory does not reach back far enough.
std::optional<history_page> room::page_from_memory(const protocol::history_request& what,
                                                   std::size_t limit) const {
  if (!recent_loaded_ || what.before_seq) {
    return std::nullopt;
  }
  history_page p;
  if (!what.after_seq) {
    if (limit > recent_.size() && !recent_is_all_) {
      return std::nullopt;
    }
    const auto count = std::min(limit, recent_.size());
    p.messages.assign(recent_.end() - static_cast<std::ptrdiff_t>(count), recent_.end());
    p.has_more = count < recent_.size() || !recent_is_all_;
    return p;
  }
  const auto after = *what.after_seq;
  if (!recent_is_all_ && (recent_.empty() || after + 1 < recent_.front().seq)) {
    return std::nullopt;
  }
  auto at = std::find_if(recent_.begin(), recent_.end(),
                         [&](const protocol::message& m) { return m.seq > after; });
  for (; at != recent_.end() && p.messages.size() < limit; ++at) {
    p.messages.push_back(*at);
  }
  p.has_more = at != recent_.end();
  return p;
}

void room::put_status(std::vector<protocol::message>& messages, const uuid& for_user) {
  chat::member own;
  if (const auto* self = find_member(for_user)) {
    own = *self;
  }
  own.user_id = for_user;
  // Only of his own messages it matters how far the others are.
  const bool has_own = std::any_of(messages.begin(), messages.end(),
                                   [&](const auto& m) { return m.sender_id == for_user; });
  std::vector<chat::member> others;
  if (has_own) {
    load_all_members();
  }
  if (has_own && all_members_) {
    for (const auto& m : members_) {
      if (m.user_id != for_user) {
        others.push_back(m);
      }
    }
  }
  actors::put_status(messages, own, others);
}

// -- members -----------------------------------------------------------------------------------

void room::on(const asked& a, const room_members& c) {
  if (const auto bad = refusal_of(a, chat::action::read)) {
    answer(a, *bad);
    return;
  }
  std::optional<uuid> after;
  if (c.cursor && !(after = from_cursor(*c.cursor))) {
    answer(a, invalid_field("cursor", "not a cursor of this list").value());
    return;
  }
  const auto limit = std::clamp<std::size_t>(c.limit, 1, limits::list_limit_max);
  auto rows = reader().members(id(), after, limit + 1);
  std::optional<std::string> next;
  if (rows.size() > limit) {
    rows.resize(limit);
    next = to_cursor(rows.back().user_id);
  }
  std::vector<uuid> ids;
  for (const auto& m : rows) {
    ids.push_back(m.user_id);
  }
  auto show = [this, a, rows = std::move(rows),
               next = std::move(next)](expected<std::map<uuid, protocol::user>> users) {
    if (!users) {
      answer(a, users.error());
      return;
    }
    protocol::room_members_response response;
    response.next_cursor = next;
    for (const auto& m : rows) {
      protocol::member view;
      view.user.id = m.user_id;
      if (const auto known = users->find(m.user_id); known != users->end()) {
        view.user = known->second;
      }
      view.role = m.role;
      view.is_online = view.user.is_online;
      view.delivered_seq = m.delivered_seq;
      view.read_seq = m.read_seq;
      view.joined_at = m.joined_at;
      response.members.push_back(std::move(view));
    }
    answer(a, answered{std::move(response), false});
  };
  ask_users(ids, std::move(show), true);
}

}  // namespace greenroom::actors

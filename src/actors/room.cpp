// SPDX-License-Identifier: MIT
#include "actors/room.hpp"

#include <algorithm>
#include <utility>

#include "actors/announcements.hpp"
#include "actors/message_trace.hpp"
#include "chat/apply.hpp"
#include "config/live.hpp"
#include "protocol/limits.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

/// Known members of a large room; beyond it the memory starts afresh.
constexpr std::size_t members_known_max = 1000;
/// To read all members of a room that has no more takes about as long as to read two of them by
/// themselves, and usually others ask next.
constexpr std::size_t members_read_together = 32;
/// Relays confirm every half minute; a node that has not for this long is gone.
constexpr auto attached_for = 100s;
/// Somebody tried an id that is no room.
constexpr auto idle_without_room = 2s;

}  // namespace

room::room(caf::actor_config& cfg, const uuid& id, entity_place place)
    : entity(cfg, actor_kind::room, id, std::move(place)) {
  facts_->shard = this->place().number;
  show(facts_);
}

void room::take(const asked& a) {
  load();
  std::visit([&](const auto& body) { on(a, body); }, a.what->body);
}

// -- what it knows -----------------------------------------------------------------------------

void room::load() {
  if (!loaded_) {
    loaded_ = true;
    room_ = reader().find_room(id());
    last_seq_ = room_ ? room_->last_seq : 0;
    show_facts();
  }
}

/// For the console.
void room::show_facts() {
  facts_->exists.store(room_ && !room_->deleted);
  become_known_as(!room_            ? "no such room"
                  : is_unseen()     ? "being restored"
                  : room_->deleted  ? "deleted"
                  : room_->archived ? "archived"
                                    : "open");
  facts_->last_seq.store(last_seq_);
  facts_->nodes.store(static_cast<std::uint32_t>(nodes_.size()));
  if (room_) {
    facts_->members.store(room_->member_count);
    facts_->set_names(room_->alias, room_->name);
  }
}

void room::applied(const proposal_result& r) {
  load();
  if (is_unseen() && !r.outcome->changes.empty()) {
    // Entries of before were nobody's, and may have been more than there are now.
    last_seq_ = std::min(last_seq_, r.outcome->changes.front().seq - 1);
  }
  for (const auto& change : r.outcome->changes) {
    // What was in the store when this actor was born is not news: relays attach after it.
    if (change.room_id != id() || change.seq <= last_seq_) {
      continue;
    }
    last_seq_ = change.seq;
    if (const auto* m = std::get_if<protocol::message_received>(&change.event.data)) {
      room_->last_seq = change.seq;
      room_->last_message_at = change.event.timestamp;
      trace_hop(hop::commit, m->message.message_id, m->message.sender_id, id());
      remember(m->message);
    } else if (const auto* u = std::get_if<protocol::message_updated>(&change.event.data)) {
      room_->last_seq = change.seq;
      follow_update(u->message.seq);
    } else {
      room_ = reader().find_room(id());
      if (change.user_id) {
        forget_member(*change.user_id);
      } else {
        members_.clear();
        all_members_ = false;
      }
    }
    facts_->entries.note(r.time);
    publish(change);
  }
  show_facts();
  if (const auto* purged = std::get_if<chat::room_purged>(&r.outcome->answer)) {
    follow_purge(*purged);
  }
  for (const auto& cursor : r.outcome->cursors) {
    if (auto* m = members_.find(cursor.user_id)) {
      if (cursor.status == protocol::message_state::read) {
        m->read_seq = std::max(m->read_seq, cursor.seq);
      }
      m->delivered_seq = std::max(m->delivered_seq, cursor.seq);
    }
    publish_cursor(cursor, r.time);
  }
  if (!pages_.empty()) {
    answer_awaited();
  }
}

/// Nobody has heard of it: it is being restored, or that was given up.
bool room::is_unseen() const {
  using enum chat::restoration::what;
  if (!room_ || !room_->deleted) {
    return false;
  }
  const auto is = room_->restored.is;
  return is == filling || is == people || is == given_up || is == erased;
}

const chat::member* room::find_member(const uuid& user) {
  if (const auto* known = members_.find(user)) {
    return known;
  }
  if (!all_members_ && room_ && !room_->deleted && room_->member_count <= members_read_together) {
    load_all_members();
    if (const auto* known = members_.find(user)) {
      return known;
    }
  }
  if (all_members_) {
    return nullptr;
  }
  auto m = actors::member_of(reader(), id(), user);
  if (!m) {
    return nullptr;
  }
  if (members_.size() >= members_known_max) {
    members_.clear();
  }
  return &members_.put(std::move(*m));
}

std::optional<chat::member> room::member_of(const uuid& user) {
  const auto* m = find_member(user);
  return m == nullptr ? std::nullopt : std::optional(*m);
}

void room::load_all_members() {
  if (all_members_ || !is_quiet()) {
    return;
  }
  members_.clear();
  for (auto& m : reader().members(id(), std::nullopt, limits::quiet_room_members_max + 1)) {
    members_.put(std::move(m));
  }
  all_members_ = members_.size() <= limits::quiet_room_members_max;
}

void room::forget_member(const uuid& user) {
  members_.erase(user);
  if (all_members_) {
    if (auto m = reader().find_member(id(), user)) {
      members_.put(std::move(*m));
    }
    all_members_ = members_.size() <= limits::quiet_room_members_max;
  }
}

chat::person room::who(const asked& a) {
  const auto& from = a.what->from;
  const auto m = member_of(from.user_id);
  return chat::person_of(m, m ? std::nullopt : reader().find_outsider(id(), from.user_id),
                         from.role);
}

std::optional<error> room::refusal_of(const asked& a, chat::action what) {
  return room_ ? chat::may(what, *room_, who(a)) : chat::may_read(room_, std::nullopt);
}

bool room::refuse(const asked& a, chat::action what) {
  const auto bad = refusal_of(a, what);
  if (!bad || may_be_repeat(a)) {
    return false;
  }
  answer(a, *bad);
  return true;
}

/// Only for a room that exists.
protocol::room room::view(bool with_members) const {
  auto v = chat::view(*room_, with_members);
  v.last_seq = last_seq_;
  return v;
}

/// Small enough for everybody to hear what the others have read.
bool room::is_quiet() const {
  return room_ && !room_->everybody && room_->member_count <= limits::quiet_room_members_max;
}

/// Asks the shards of these users for their records, and waits for all of them.
void room::ask_users(const std::vector<uuid>& ids, users_handler then, bool deactivated) {
  struct gathering {
    std::size_t missing = 0;
    std::map<uuid, protocol::user> found;
    std::optional<error> failure;
    users_handler then;
  };
  std::map<std::uint16_t, std::vector<uuid>> by_shard;
  for (const auto& user : ids) {
    by_shard[board().shard_of(user)].push_back(user);
  }
  if (by_shard.empty()) {
    then(std::map<uuid, protocol::user>{});
    return;
  }
  auto all = std::make_shared<gathering>();
  all->missing = by_shard.size();
  all->then = std::move(then);
  for (auto& [shard, users] : by_shard) {
    shard_users wanted{std::move(users), deactivated};
    ask({}, shard, {}, std::move(wanted), [all](const reply_body& body) {
      if (const auto* views = std::get_if<user_views>(&body)) {
        for (const auto& u : views->users) {
          all->found.emplace(u.id, u);
        }
      } else {
        all->failure = failure_in(body).value_or(
            error{ec::internal, "unexpected reply to a question for users", {}});
      }
      if (--all->missing > 0) {
        return;
      }
      if (all->failure) {
        all->then(unexpected(*all->failure));
      } else {
        all->then(std::move(all->found));
      }
    });
  }
}

// -- time --------------------------------------------------------------------------------------

room::clock::time_point room::due(clock::time_point now) {
  if (now >= marks_due_) {
    flush_marks();
  }
  if (now >= silence_due_) {
    silence_due_ = clock::time_point::max();
    send_to_nodes(nullptr);
  }
  answer_unlisted(now);
  give_up_awaited(now);
  serve_reads(now);
  if (sweep_rests_ && now >= content_due_) {
    sweep_rests_ = false;
    sweep();
  }
  if (std::erase_if(nodes_, [&](const listener& l) { return l.confirmed + attached_for < now; }) >
      0) {
    show_facts();
  }
  auto next = std::min({marks_due_, silence_due_, tell_typing(now)});
  if (sweep_rests_) {
    next = std::min(next, content_due_);
  }
  for (const auto& l : lines_) {
    next = std::min(next, l.due);
  }
  if (!reads_.empty()) {
    next = std::min(next, reads_from_);
  }
  for (const auto& w : pages_) {
    next = std::min(next, w.due);
  }
  return next;
}

bool room::is_needed() const {
  return !nodes_.empty() || !marks_.empty() || !lines_.empty() || !typists_.empty() || sweeper_ ||
         !pages_.empty() || !reads_.empty();
}

std::chrono::milliseconds room::idle_limit() const {
  return loaded_ && !room_ ? std::chrono::milliseconds(idle_without_room)
                           : std::chrono::seconds(config::current(config()).rooms.idle_park_s);
}

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
#include <algorithm>
#include <utility>

#include "actors/map_shard.hpp"
#include "actors/message_trace.hpp"
#include "actors/room.hpp"
#include "actors/room_history.hpp"
#include "actors/shard.hpp"
#include "actors/shard_queries.hpp"
#include "actors/user.hpp"
#include "actors/without_room.hpp"
#include "config/live.hpp"
#include "store/commands.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

/// A room that keeps dying is not woken more often than this by its own relays.
constexpr auto reset_pause = 2s;

/// Who takes a call: calls for the shard itself have no target.
std::optional<actor_kind> taker_of(const call_body& body) {
  return std::visit(
      [](const auto& b) -> std::optional<actor_kind> {
        using T = std::decay_t<decltype(b)>;
        constexpr bool room =
            std::is_same_v<T, room_create> || std::is_same_v<T, room_join> ||
            std::is_same_v<T, room_leave> || std::is_same_v<T, room_get> ||
            std::is_same_v<T, room_send> || std::is_same_v<T, room_mark> ||
            std::is_same_v<T, room_history> || std::is_same_v<T, room_members> ||
            std::is_same_v<T, room_attach> || std::is_same_v<T, room_admit> ||
            std::is_same_v<T, room_detach> || std::is_same_v<T, room_entries> ||
            std::is_same_v<T, room_direct> || std::is_same_v<T, room_update> ||
            std::is_same_v<T, room_delete> || std::is_same_v<T, room_invite> ||
            std::is_same_v<T, room_remove> || std::is_same_v<T, room_unban> ||
            std::is_same_v<T, room_set_role> || std::is_same_v<T, room_sweep> ||
            std::is_same_v<T, room_typing> || std::is_same_v<T, room_edit> ||
            std::is_same_v<T, room_delete_message> || std::is_same_v<T, room_react> ||
            std::is_same_v<T, room_pin> || std::is_same_v<T, room_message> ||
            std::is_same_v<T, room_announce> || std::is_same_v<T, room_export> ||
            std::is_same_v<T, room_webhooks> || std::is_same_v<T, room_hook_post> ||
            std::is_same_v<T, room_hook_advance> || std::is_same_v<T, room_restore> ||
            std::is_same_v<T, room_person_closed>;
        constexpr bool none =
            std::is_same_v<T, shard_users> || std::is_same_v<T, shard_user_list> ||
            std::is_same_v<T, shard_public_rooms> || std::is_same_v<T, shard_room_views> ||
            std::is_same_v<T, shard_watch> || std::is_same_v<T, admin_query> ||
            std::is_same_v<T, shard_search>;
        if (room) {
          return actor_kind::room;
        }
        return none ? std::nullopt : std::optional(actor_kind::user);
      },
      body);
}

/// What nobody could see to be of the past. In a list a missing entry would look like a room that
/// one is not in; a place in the list of rooms is decided with what the room then writes. Whether a
/// session still is opens doors on other shards, whose leaders are well.
bool has_to_be_current(const call_body& body) {
  const auto* own = std::get_if<user_rooms>(&body);
  return (own != nullptr && !own->place) || std::holds_alternative<room_history>(body) ||
         std::holds_alternative<user_check>(body) || std::holds_alternative<user_attach>(body) ||
         std::holds_alternative<room_message>(body) || std::holds_alternative<room_export>(body) ||
         std::holds_alternative<shard_room_views>(body) ||
         std::holds_alternative<shard_public_rooms>(body) ||
         std::holds_alternative<shard_user_list>(body);
}

}  // namespace

// -- calls -------------------------------------------------------------------------------------

void shard::take(const asked& a) {
  const auto* h = std::get_if<room_history>(&a.what->body);
  if (h != nullptr && h->stale && has_state()) {
    send_reply(a, stale_history(*a.what, store::shard_reader(env_->db, number_),
                                config::current(env_->config).history));
    return;
  }
  const auto* check = std::get_if<user_check>(&a.what->body);
  if (check != nullptr && check->stale && has_state()) {
    send_reply(a, stale_check(*a.what, store::shard_reader(env_->db, number_)));
    return;
  }
  if (!open_) {
    const auto leader = leader_ == 0 ? node_id{} : names_of_servers_.node_of(leader_);
    send_reply(a, not_leader{leader == env_->board.self() ? node_id{} : leader});
    return;
  }
  if (has_to_be_current(a.what->body)) {
    read(a);
    return;
  }
  if (const auto* w = std::get_if<shard_watch>(&a.what->body)) {
    watch(a, *w);
    return;
  }
  if (const auto* wanted = std::get_if<shard_search>(&a.what->body)) {
    search(a, *wanted);
    return;
  }
  serve(a);
}

void shard::serve(const asked& a) {
  const auto kind = taker_of(a.what->body);
  if (!kind) {
    send_reply(a, answer_query(*a.what, *reader_, *online_));
  } else if (a.what->target.is_nil()) {
    send_reply(a, error{ec::invalid_message, "this call needs a room or a user", {}});
  } else {
    give(*kind, a);
  }
}

void shard::give(actor_kind kind, const asked& a) {
  // Twice at most: one that has just ended refuses the call, its successor is new.
  for (;;) {
    const auto& c = child_of(kind, a.what->target);
    if (c.calls->put(a)) {
      caf::anon_send(c.handle, a.what, a.sink);
      return;
    }
    table_of(kind).erase(a.what->target);
  }
}

shard::child& shard::child_of(actor_kind kind, const uuid& id) {
  auto& table = table_of(kind);
  if (const auto it = table.find(id); it != table.end()) {
    return it->second;
  }
  auto calls = std::make_shared<open_calls>();
  entity_place place{env_,   caf::actor_cast<shard_actor>(this), number_, term_, *reader_, calls,
                     online_};
  entity_actor handle;
  if (kind == actor_kind::room) {
    handle = spawn<room>(id, std::move(place));
  } else {
    handle = spawn<user>(id, std::move(place));
  }
  monitor(handle);
  names_.emplace(handle.id(), identity{kind, id});
  return table.emplace(id, child{handle, std::move(calls)}).first->second;
}

// -- children ----------------------------------------------------------------------------------

void shard::propose(const proposal_ptr& p) {
  const auto& sender = current_sender();
  const auto name = sender ? names_.find(sender->id()) : names_.end();
  if (name == names_.end() || !open_) {
    return;  // of an earlier term: it has been told to end
  }
  const auto tag = ++tags_;
  proposed_[tag] = {name->first, p->id, name->second};
  expected<void> ok;
  if (!env_->paces.has_room_to_lead() && !goes_without_room(p->what)) {
    ok = tl::unexpected(no_room(env_->config.store.reserve_mib));
  } else {
    auto bytes = store::encode(chat::command{now_ms(), p->what});
    try {
      ok = replica_->enqueue(tag, std::move(bytes), steady_now());
    } catch (const std::exception& e) {
      broken(e.what());
    }
  }
  if (const auto* m = std::get_if<chat::send_message>(&p->what); m != nullptr && ok) {
    trace_hop(hop::append, m->from.message_id, m->from.user_id, m->what.room_id);
  }
  if (ok && !std::exchange(submits_, true)) {
    // More proposals may be in the mailbox: one write and one step for all of them.
    caf::anon_send(caf::actor_cast<shard_actor>(this), synced_atom::value, proposals_are_gathered);
  }
  if (!ok && proposed_.erase(tag) > 0) {
    auto r = std::make_shared<proposal_result>();
    r->id = p->id;
    r->failure = ok.error();
    r->never_written = true;
    caf::anon_send(caf::actor_cast<entity_actor>(sender), proposal_result_ptr(std::move(r)));
  }
}

void shard::submit() {
  submits_ = false;
  if (replica_) {
    drive([&] { replica_->submit(steady_now()); });
  }
}

/// Whom an outcome is about that nobody alive has proposed.
std::optional<shard::identity> shard::concerned(const chat::outcome& o) {
  if (!o.changes.empty()) {
    return identity{actor_kind::room, o.changes.front().room_id};
  }
  if (!o.cursors.empty()) {
    return identity{actor_kind::room, o.cursors.front().room_id};
  }
  if (o.list_change) {
    return identity{actor_kind::user, o.list_change->user_id};
  }
  if (const auto* purged = std::get_if<chat::room_purged>(&o.answer)) {
    return identity{actor_kind::room, purged->room_id};
  }
  return std::nullopt;
}

void shard::park(const uuid& id) {
  const auto& sender = current_sender();
  const auto name = sender ? names_.find(sender->id()) : names_.end();
  if (name == names_.end() || name->second.id != id) {
    return;
  }
  auto& table = table_of(name->second.kind);
  const auto it = table.find(id);
  // A call that is on its way keeps it: it will ask again.
  if (it == table.end() || it->second.handle.id() != sender->id() ||
      !it->second.calls->close_if_empty()) {
    return;
  }
  caf::anon_send_exit(it->second.handle, caf::exit_reason::user_shutdown);
  names_.erase(name);
  table.erase(it);
}

void shard::child_gone(const caf::down_msg& m) {
  const auto name = names_.find(m.source.id());
  if (name == names_.end()) {
    return;  // was let go
  }
  const auto who = name->second;
  names_.erase(name);
  auto& table = table_of(who.kind);
  if (const auto it = table.find(who.id);
      it != table.end() && it->second.handle.id() == m.source.id()) {
    it->second.calls->fail_all(unavailable("it was interrupted; try again", 100).value());
    table.erase(it);
  }
  if (who.kind != actor_kind::room || !open_) {
    return;
  }
  const auto now = clock::now();
  std::erase_if(reset_, [&](const auto& r) { return r.second + reset_pause < now; });
  if (reset_.emplace(who.id, now).second) {
    reset_relays(who.id);
  } else if (std::none_of(resets_.begin(), resets_.end(),
                          [&](const auto& r) { return r.first == who.id; })) {
    resets_.emplace_back(who.id, now + reset_pause);
    arm();
  }
}

/// The room is gone and with it whom it published to: every node is told, those with a relay of
/// the room attach it again.
void shard::reset_relays(const uuid& room) {
  auto p = std::make_shared<room_publish>();
  p->room_id = room;
  p->term = term_;
  p->reset = true;
  const room_publish_ptr told = std::move(p);
  const auto routes = env_->board.routes();
  if (!routes->map) {
    return;
  }
  for (const auto& node : routes->map->members) {
    if (placement::is_present(node.state)) {
      env_->board.publish(node.id, told);
    }
  }
}

// -- outbox ------------------------------------------------------------------------------------

void shard::start_outbox() {
  outbox_.emplace(env_->board,
                  outbox_sender::duties{
                      .read = [this](std::size_t limit) { return reader_->outbox(limit); },
                      .ask =
                          [this](call_ptr c) {
                            env_->board.ask(std::move(c), caf::actor_cast<reply_sink>(this));
                          },
                      .settled =
                          [this](const line_settled& line) {
                            if (const auto it = rooms_.find(line.room_id); it != rooms_.end()) {
                              caf::anon_send(
                                  it->second.handle,
                                  line_settled_ptr(std::make_shared<const line_settled>(line)));
                            }
                          },
                      .forget =
                          [this](std::vector<std::uint64_t> ids) {
                            propose_own(chat::forget_outbox{std::move(ids)});
                          }});
  outbox_->start(clock::now());
}

void shard::start_retention() {
  retention_.emplace(
      std::chrono::milliseconds(env_->config.retention.check_every_ms),
      retention_keeper::duties{
          .rooms = [this](const std::optional<uuid>& after,
                          std::size_t limit) { return reader_->rooms(after, limit); },
          .time_of = [this](const uuid& room, std::uint64_t seq) -> std::optional<unix_ms> {
            const auto found = reader_->entries(room, seq, seq, 1);
            return found.empty() ? std::nullopt : std::optional(found.front().time);
          },
          .propose = [this](const chat::purge_room& what) { propose_own(what); },
          .abandon = [this](const chat::abandon_restore& what) { propose_own(what); }});
  retention_->start(clock::now());
}

}  // namespace greenroom::actors

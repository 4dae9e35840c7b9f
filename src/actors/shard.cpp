// SPDX-License-Identifier: MIT
#include "actors/shard.hpp"

#include <algorithm>

#include "actors/map_shard.hpp"
#include "store/commands.hpp"
#include "store/fatal.hpp"
#include "telemetry/log.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

/// The replica is looked at this often even if it wants nothing.
constexpr auto look_every = 1s;
/// Sessions confirm their place every minute; a node that has not for this long is gone.
constexpr auto attached_for = 200s;
constexpr auto expire_every = 30s;

}  // namespace

shard::shard(caf::actor_config& cfg, environment_ptr env, std::uint16_t number,
             std::vector<node_id> replicas, announcer announce)
    : observed(cfg, {actor_kind::shard, std::to_string(number), "node"}),
      env_(std::move(env)),
      number_(number),
      replicas_(std::move(replicas)),
      announce_(std::move(announce)) {
  set_down_handler([this](const caf::down_msg& m) { child_gone(m); });
}

shard::~shard() = default;

shard::behavior_type shard::make_behavior() {
  door_ = std::make_shared<replica_door>(
      address(),
      replica_door::duties{
          .send = [](raft::server_id, const std::string&) {},  // a group of one
          .role_changed = [this](raft::role now, std::uint64_t term,
                                 raft::server_id leader) { role_changed(now, term, leader); },
          .dropped = [this](std::uint64_t tag,
                            bool never_written) { dropped(tag, never_written); }});
  // What a predecessor has given to the log writer must be on disk before the log is read.
  env_->log.append(
      {.shard = number_, .hard = {}, .truncate_from = 0, .entries = {}, .synced = [d = door_] {
         d->synced(log_is_settled);
       }});
  return {[this](const call_ptr& c, const reply_sink& sink) {
            take({c, sink});
          },
          [this](const proposal_ptr& p) { propose(p); },
          [this](synced_atom, std::uint64_t token) {
            if (token == log_is_settled) {
              start_replica();
            } else {
              drive([&] { replica_->on_synced(token, steady_now()); });
            }
          },
          [this](std::uint64_t from, const std::string& message) {
            drive([&] { replica_->receive(from, message, steady_now()); });
          },
          [this](park_atom, const uuid& id) { park(id); },
          [this](const reply_ptr& r) {
            if (outbox_) {
              outbox_->take_reply(*r, clock::now());
              arm();
            }
          },
          [this](routes_atom) {
            if (outbox_) {
              outbox_->hurry(clock::now());
              arm();
            }
          },
          [this](tick_atom) { tick(); }};
}

void shard::on_exit() {
  stop_leading();
  replica_.reset();
  machine_.reset();
  // The writer may still call back for what it was given; this is the last of it.
  env_->log.append({.shard = number_,
                    .hard = {},
                    .truncate_from = 0,
                    .entries = {},
                    .synced = [keep = std::move(door_)] {}});
}

void shard::start_replica() {
  if (replica_) {
    return;
  }
  drive([this] {
    machine_ = std::make_unique<raft::chat_machine>(
        env_->db, number_, [this](raft::applied_command&& done) { applied(std::move(done)); });
    raft::replica_options options;
    options.shard = number_;
    options.self = server_id_of(env_->board.self());
    options.on_fatal = [number = number_](const std::string& why) {
      telemetry::log("shard").critical("shard {}: {}", number, why);
    };
    replica_ = std::make_unique<raft::replica>(options, env_->db, env_->log, *machine_, *door_);
    std::vector<raft::server> servers;
    for (const auto& node : replicas_) {
      servers.push_back({server_id_of(node), true});
    }
    auto ok = replica_->bootstrap(servers);
    if (ok) {
      ok = replica_->start(steady_now());
    }
    if (!ok) {
      throw std::runtime_error(ok.error().message);
    }
  });
}

void shard::broken(const char* what) const {
  const auto why = "shard " + std::to_string(number_) + ": " + what;
  telemetry::log("shard").critical("{}", why);
  telemetry::log("shard").flush();
  store::stop(why);
}

void shard::follow() {
  if (leading_ && !open_ && replica_->status().applied_index >= open_at_) {
    lead();
  }
  arm();
}

void shard::role_changed(raft::role now, std::uint64_t term, raft::server_id leader) {
  const bool leads = now == raft::role::leader;
  if (leading_ && (!leads || term != term_)) {
    stop_leading();
  }
  leader_ = leader;
  term_ = term;
  if (leads && !leading_) {
    leading_ = true;
    open_at_ = replica_->status().last_index;
  }
}

void shard::lead() {
  open_ = true;
  reader_.emplace(env_->db, number_);
  online_ = std::make_shared<online_users>();
  next_look_ = clock::now() + expire_every;
  telemetry::log("shard").debug("shard {}: leads in term {}", number_, term_);
  report("leader of term " + std::to_string(term_));
  announce_({number_, term_, env_->board.self()});
  start_outbox();
}

void shard::stop_leading() {
  leading_ = false;
  open_ = false;
  for (auto* table : {&rooms_, &users_}) {
    for (auto& [id, c] : *table) {
      caf::anon_send_exit(c.handle, caf::exit_reason::user_shutdown);
      c.calls->fail_all(unavailable("the leader of the shard is moving", 100).value());
    }
    table->clear();
  }
  names_.clear();
  reset_.clear();
  resets_.clear();
  outbox_.reset();
  reader_.reset();
  report("follower");
}

// -- what is agreed on -------------------------------------------------------------------------

void shard::applied(raft::applied_command&& done) {
  const auto outcome = std::make_shared<const chat::outcome>(std::move(done.outcome));
  if (outbox_) {
    outbox_->add(outcome->outbox, clock::now());
  }
  origin_of from;
  std::optional<identity> who;
  if (const auto it = proposed_.find(done.tag); done.tag != 0 && it != proposed_.end()) {
    from = it->second;
    who = from.who;
    proposed_.erase(it);
  } else {
    who = concerned(*outcome);
  }
  if (!who) {
    return;
  }
  auto r = std::make_shared<proposal_result>();
  // To a successor of the proposer it is news like any other.
  const auto& table = table_of(who->kind);
  const auto alive = table.find(who->id);
  if (alive == table.end()) {
    return;
  }
  r->id = alive->second.handle.id() == from.actor ? from.proposal : 0;
  r->term = done.term;
  r->index = done.index;
  r->time = done.time;
  r->outcome = outcome;
  caf::anon_send(alive->second.handle, proposal_result_ptr(std::move(r)));
}

void shard::dropped(std::uint64_t tag, bool never_written) {
  const auto it = proposed_.find(tag);
  if (it == proposed_.end()) {
    return;
  }
  const auto from = it->second;
  proposed_.erase(it);
  auto r = std::make_shared<proposal_result>();
  r->id = from.proposal;
  r->failure = unavailable("the leader of the shard is moving", 100).value();
  r->never_written = never_written;
  const auto& table = table_of(from.who.kind);
  if (const auto alive = table.find(from.who.id);
      alive != table.end() && alive->second.handle.id() == from.actor) {
    caf::anon_send(alive->second.handle, proposal_result_ptr(std::move(r)));
  }
}

/// For what the shard itself wants; nobody waits for the outcome.
void shard::propose_own(chat::command_data what) {
  const auto bytes = store::encode(chat::command{now_ms(), std::move(what)});
  drive([&] { (void)replica_->propose(++tags_, bytes, steady_now()); });
}

// -- time --------------------------------------------------------------------------------------

void shard::tick() {
  const auto now = clock::now();
  alarm_.rang(now);
  if (!replica_) {
    return;
  }
  if (outbox_) {
    outbox_->on_time(now);
  }
  std::erase_if(resets_, [&](const auto& reset) {
    if (reset.second > now) {
      return false;
    }
    reset_relays(reset.first);
    return true;
  });
  if (open_ && now >= next_look_) {
    next_look_ = now + expire_every;
    for (const auto& user : online_->expire(now - attached_for)) {
      propose_own(chat::set_last_seen{user, now_ms()});
    }
  }
  drive([this] { replica_->on_time(steady_now()); });
}

void shard::arm() {
  const auto now = clock::now();
  auto next = now + look_every;
  const auto steady = steady_now();
  const auto wanted = replica_->next_time();
  next = std::min<clock::time_point>(
      next, now + std::chrono::milliseconds(
                      wanted > steady ? std::min<raft::steady_ms>(wanted - steady, 1000) : 0));
  if (outbox_) {
    next = std::min(next, outbox_->next_time());
  }
  for (const auto& [room, at] : resets_) {
    next = std::min(next, at);
  }
  if (alarm_.wants(next)) {
    delayed_send(this, alarm::delay(next, now), tick_atom::value);
  }
}

}  // namespace greenroom::actors

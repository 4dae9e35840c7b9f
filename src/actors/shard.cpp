// SPDX-License-Identifier: MIT
#include "actors/shard.hpp"

#include <algorithm>

#include "actors/heir.hpp"
#include "actors/log_cuts.hpp"
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
/// Sessions attach to a new leader at once; this is for slow machines.
constexpr auto attached_within = 4s;
/// Heartbeats in one election time-out: a lost one or two must not unseat anybody.
constexpr std::uint32_t heartbeats_per_timeout = 7;
/// A group in which nothing happens for this long has no heartbeats; see raft/rest.hpp.
constexpr std::uint32_t rest_after_ms = 3000;
/// Replicas of all shards wake up at common instants, so that what they send to a node goes
/// together.
constexpr raft::steady_ms common_instants = 25;
/// Messages that wait for the replica to begin; votes are asked for in them, and who asks would
/// have to wait for an election time-out.
constexpr std::size_t early_max = 16;
/// Seconds that a replica waits for a piece of a state before it begins anew.
constexpr std::uint32_t transfer_retries = 30;

}  // namespace

shard::shard(caf::actor_config& cfg, environment_ptr env, std::uint16_t number,
             std::vector<node_id> founders, duties what)
    : observed(cfg, {actor_kind::shard, std::to_string(number), "node"}),
      env_(std::move(env)),
      number_(number),
      founders_(std::move(founders)),
      duties_(std::move(what)),
      names_of_servers_(env_->board),
      keeper_(*env_, number, names_of_servers_, duties_.report),
      freed_(number, std::chrono::milliseconds(env_->config.retention.check_every_ms)) {
  set_down_handler([this](const caf::down_msg& m) { child_gone(m); });
}

shard::~shard() = default;

shard::behavior_type shard::make_behavior() {
  door_ = std::make_shared<replica_door>(
      address(),
      replica_door::duties{
          .send = [this](raft::server_id to, std::string message) { send(to, std::move(message)); },
          .role_changed = [this](raft::role now, std::uint64_t term,
                                 raft::server_id leader) { role_changed(now, term, leader); },
          .dropped = [this](std::uint64_t tag, bool never_written) { dropped(tag, never_written); },
          .send_transfer = [this](raft::server_id to,
                                  std::string message) { send(to, std::move(message), true); },
          // Only followers are given another state; what they read, they read anew each time.
          .state_replaced = [] {}});
  // What a predecessor has given to the log writer must be on disk before the log is read.
  env_->log.append(
      {.shard = number_, .hard = {}, .truncate_from = 0, .entries = {}, .synced = [d = door_] {
         d->synced(log_is_settled);
       }});
  return {[this](const call_ptr& c, const reply_sink& sink) {
            take({c, sink});
          },
          [this](const proposal_ptr& p) { propose(p); },
          [this](const replicas_wait_ptr& w) { await_replicas(w); },
          [this](synced_atom, std::uint64_t token) {
            if (token == log_is_settled) {
              start_replica();
            } else if (token == shard_is_retired) {
              duties_.retired(number_);
            } else if (token == proposals_are_gathered) {
              submit();
            } else if (replica_) {
              take_synced(token);
            }
          },
          [this](std::uint64_t from, const std::string& message) {
            if (replica_) {
              keeper_.heard();
              drive([&] { replica_->receive(from, message, steady_now()); });
            } else if (early_.size() < early_max) {
              early_.emplace_back(from, message);
            } else {
              observed::dropped("messages of the group before it had begun");
            }
          },
          [this](transfer_atom, std::uint64_t from, const std::string& message) {
            if (replica_) {
              drive([&] { replica_->receive_transfer(from, message, steady_now()); });
            } else {
              observed::dropped("messages of the group before it had begun");
            }
          },
          [this](member_atom, std::uint64_t from, const std::string& message) {
            take_membership(from, message);
          },
          [this](const leader_probe_ptr& p) { take_probe(*p); },
          [this](drain_atom) {
            draining_ = true;
            next_hand_over_ = {};
            tick();
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
            }
            if (replica_) {
              keeper_.watch(*replica_);
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
  become_known_as("follower");
  drive([this] {
    machine_ = std::make_unique<raft::chat_machine>(
        env_->db, number_, [this](raft::applied_command&& done) { applied(std::move(done)); });
    raft::replica_options options;
    options.shard = number_;
    options.self = server_id_of(env_->board.self());
    options.election_timeout_ms = env_->config.cluster.election_timeout_ms;
    options.heartbeat_ms = std::max(1U, options.election_timeout_ms / heartbeats_per_timeout);
    options.rest_after_ms = rest_after_ms;
    options.transfer.budget = env_->transfers;
    options.transfer.bytes_per_second = 0;  // the node's limit counts
    // Who gives may have others to serve first; another leader takes over sooner.
    options.transfer.retries = transfer_retries;
    options.has_room = [&paces = env_->paces] { return paces.has_room_to_follow(); };
    options.on_fatal = [number = number_](const std::string& why) {
      telemetry::log("shard").critical("shard {}: {}", number, why);
    };
    replica_ = std::make_unique<raft::replica>(options, env_->db, env_->log, *machine_, *door_);
    expected<void> ok;
    const bool founds =
        std::find(founders_.begin(), founders_.end(), env_->board.self()) != founders_.end() &&
        !store::is_retired(env_->db, number_);
    if (founds) {
      std::vector<raft::server> servers;
      for (const auto& node : founders_) {
        servers.push_back({server_id_of(node), true});
      }
      ok = replica_->bootstrap(servers);
    }
    // The one that shall lead does not wait for the others to do nothing: its time-out is over.
    const auto now = steady_now();
    const bool first = founds && founders_.front() == env_->board.self();
    if (ok) {
      ok = replica_->start(first ? now - 2 * options.election_timeout_ms : now);
    }
    if (!ok) {
      throw std::runtime_error(ok.error().message);
    }
    replica_->on_time(now);
    for (const auto& [from, message] : std::exchange(early_, {})) {
      replica_->receive(from, message, now);
    }
    keeper_.show(*replica_);
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
  look_at_replicas();
  arm();
}

void shard::role_changed(raft::role now, std::uint64_t term, raft::server_id leader) {
  const bool leads = now == raft::role::leader;
  if (leading_ && (!leads || term != term_)) {
    stop_leading();
  }
  leader_ = leader;
  term_ = term;
  // Lets calls in when all of its log is applied: lead().
  become_known_as(leads                          ? (open_ ? "leader" : "leader to be")
                  : now == raft::role::candidate ? "candidate"
                                                 : "follower");
  if (leads && !leading_) {
    leading_ = true;
    open_at_ = replica_->status().last_index;
  }
}

void shard::lead() {
  open_ = true;
  become_known_as("leader");
  reader_.emplace(env_->db, number_);
  online_ = std::make_shared<online_users>(term_);
  unlinked_.clear();
  settled_ = false;
  settled_at_ = clock::now() + attached_within;
  next_look_ = clock::now() + expire_every;
  next_hand_over_ = clock::now() + hand_over_after;
  telemetry::log("shard").debug("shard {}: leads in term {}", number_, term_);
  report("leader of term " + std::to_string(term_));
  keeper_.show(*replica_);
  voters_ = std::max<std::size_t>(1, replica_->voters());
  duties_.announce({number_, term_, env_->board.self()});
  start_outbox();
  start_retention();
  env_->search.catch_up(number_);
  env_->hooks.catch_up(number_);
}

void shard::stop_leading() {
  leading_ = false;
  if (std::exchange(open_, false)) {
    duties_.announce({number_, term_, {}});
  }
  for (auto* table : {&rooms_, &users_}) {
    for (auto& [id, c] : *table) {
      caf::anon_send_exit(c.handle, caf::exit_reason::user_shutdown);
      c.calls->fail_all(unavailable("the leader of the shard is moving", 100).value());
    }
    table->clear();
  }
  for (auto* waiting : {&reads_, &confirming_}) {
    for (const auto& r : std::exchange(*waiting, {})) {
      send_reply(r.from, not_leader{});
    }
  }
  waits_.clear();
  names_.clear();
  reset_.clear();
  resets_.clear();
  outbox_.reset();
  retention_.reset();
  reader_.reset();
  report("follower");
}

// -- what is agreed on -------------------------------------------------------------------------

void shard::applied(raft::applied_command&& done) {
  const auto outcome = std::make_shared<const chat::outcome>(std::move(done.outcome));
  if (outbox_) {
    outbox_->add(outcome->outbox, clock::now());
  }
  if (open_ && !outcome->changes.empty()) {
    env_->search.touch(number_, outcome->changes.front().room_id);
    env_->hooks.touch(number_, outcome->changes.front().room_id);
  }
  if (const auto* purged = std::get_if<chat::room_purged>(&outcome->answer); open_ && purged) {
    env_->search.touch(number_, purged->room_id);
  }
  freed_.applied(done.index, *outcome, clock::now());
  if (retention_) {
    retention_->applied(*outcome, clock::now());
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
  r->replicas = static_cast<std::uint32_t>(majority());
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
    tell_offline(online_->expire(now - attached_for));
  }
  if (open_) {
    look_for_gone_nodes(now);
  }
  if (open_) {
    settle(now);
  }
  if (retention_) {
    retention_->on_time(now, now_ms());
  }
  keeper_.watch(*replica_);
  keep_group(now);
  hand_over(now);
  give_up_reads(now);
  free_disk(now);
  drive([this] {
    if (log_cuts::instance().take(number_)) {
      replica_->cut_log(steady_now());
    }
    replica_->on_time(steady_now());
  });
}

/// Of what was deleted, also on followers. How far the log goes, each replica decides by itself.
void shard::free_disk(clock::time_point now) {
  const auto step = freed_.on_time(now, replica_->status().first_index,
                                   [this] { return store::is_swept(env_->db, number_); });
  if (step == freed_space::step::cut_log) {
    log_cuts::instance().want(number_);
  } else if (step == freed_space::step::give_back) {
    space_returns::instance().add(system(), env_, freed_.take(now));
  }
}

// -- the other replicas ------------------------------------------------------------------------

void shard::send(raft::server_id to, std::string message, bool transfer) {
  if (const auto node = names_of_servers_.node_of(to); !node.is_nil()) {
    env_->board.group(node, {number_, server_id_of(env_->board.self()),
                             transfer ? group_message::what::transfer : group_message::what::log,
                             std::move(message)});
  }
}

void shard::arm() {
  const auto now = clock::now();
  auto next = now + look_every;
  const auto steady = steady_now();
  const auto wanted = std::min<raft::steady_ms>(replica_->next_time(), steady + 1000);
  if (wanted > steady) {
    const auto instant = (wanted + common_instants - 1) / common_instants * common_instants;
    next = std::min<clock::time_point>(next, now + std::chrono::milliseconds(instant - steady));
  } else {
    next = now;
  }
  if (outbox_) {
    next = std::min(next, outbox_->next_time());
  }
  if (retention_) {
    next = std::min(next, retention_->next_time());
  }
  for (const auto& [room, at] : resets_) {
    next = std::min(next, at);
  }
  if (open_ && draining_) {
    next = std::min(next, next_hand_over_);
  }
  if (!confirming_.empty()) {
    next = std::min(next, round_again_);
  }
  for (const auto& w : waits_) {
    next = std::min(next, w.until);
  }
  if (alarm_.wants(next)) {
    delayed_send(this, alarm::delay(next, now), tick_atom::value);
  }
}

}  // namespace greenroom::actors

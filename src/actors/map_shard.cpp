// SPDX-License-Identifier: MIT
#include "actors/map_shard.hpp"

#include <algorithm>
#include <utility>

#include "actors/heir.hpp"
#include "placement/codec.hpp"

namespace greenroom::actors {

namespace {

/// Proposals that wait for the replica to start.
constexpr std::size_t early_max = 64;
/// As in other shards.
constexpr std::uint32_t heartbeats_per_timeout = 7;
/// See raft/rest.hpp. While it rests, the nodes of the group are looked after this often.
constexpr std::uint32_t rest_after_ms = 3000;
constexpr raft::steady_ms watch_every = 250;
/// Another node leads it; by then this one knows which.
constexpr std::uint32_t retired_retry_ms = 500;

}  // namespace

raft::steady_ms steady_now() noexcept {
  return static_cast<raft::steady_ms>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                          std::chrono::steady_clock::now().time_since_epoch())
                                          .count());
}

map_shard::map_shard(caf::actor_config& cfg, environment_ptr env, bool bootstrap, duties what)
    : observed(cfg, {actor_kind::shard, "0", "cluster"}),
      env_(std::move(env)),
      duties_(std::move(what)),
      bootstrap_(bootstrap),
      names_(env_->board),
      keeper_(*env_, 0, names_, duties_.report) {}

map_shard::behavior_type map_shard::make_behavior() {
  door_ = std::make_shared<replica_door>(
      address(),
      replica_door::duties{
          .send = [this](raft::server_id to,
                         std::string message) { send(to, std::move(message), false); },
          .role_changed =
              [this](raft::role now, std::uint64_t term, raft::server_id) {
                become_known_as(now == raft::role::leader      ? "leader"
                                : now == raft::role::candidate ? "candidate"
                                                               : "follower");
                duties_.on_role(now, term);
              },
          .dropped = [this](std::uint64_t tag, bool) { dropped(tag); },
          .send_transfer = [this](raft::server_id to,
                                  std::string message) { send(to, std::move(message), true); },
          .state_replaced = [] {}});
  // What a predecessor has given to the log writer must be on disk before the log is read.
  env_->log.append(
      {.shard = 0, .hard = {}, .truncate_from = 0, .entries = {}, .synced = [d = door_] {
         d->synced(log_is_settled);
       }});
  return {[this](const map_proposal_ptr& p) { propose(p); },
          [this](synced_atom, std::uint64_t token) {
            if (token == log_is_settled) {
              start_replica();
            } else if (token == shard_is_retired) {
              duties_.retired();
            } else if (replica_) {
              replica_->on_synced(token, steady_now());
            }
          },
          [this](std::uint64_t from, const std::string& message) {
            if (replica_) {
              keeper_.heard();
              replica_->receive(from, message, steady_now());
            } else {
              observed::dropped("messages of the group before it had begun");
            }
          },
          [this](transfer_atom, std::uint64_t from, const std::string& message) {
            if (replica_) {
              replica_->receive_transfer(from, message, steady_now());
            }
          },
          [this](member_atom, std::uint64_t from, const std::string& message) {
            const bool leads = replica_ && replica_->status().role == raft::role::leader;
            if (replica_ && keeper_.take(from, message, leads ? replica_.get() : nullptr)) {
              retire();
            }
          },
          [this](drain_atom) {
            draining_ = true;
            step_back();
          },
          [this](tick_atom) { tick(); }};
}

void map_shard::step_back() {
  const auto map = env_->board.routes()->map;
  const bool wants = draining_ || (map && placement::steps_back(*map, env_->board.self()));
  if (wants && replica_ && replica_->status().role == raft::role::leader &&
      replica_->voters() > 1) {
    const auto to = map ? first_heir(heirs(*env_, *map, replica_->group(), names_)) : std::nullopt;
    // A node that ends has nothing to lose: anybody, then.
    if (to || draining_) {
      (void)replica_->transfer(to.value_or(0), steady_now());
    }
  }
}

/// As leaders of other shards do (shard_hand_over.cpp): every change of the map waits for its
/// leader's disk. Whoever has it then keeps it.
void map_shard::give_way(group_keeper::clock::time_point now) {
  if (now < next_hand_over_ || !env_->paces.self_is_bad() || replica_->voters() == 1 ||
      replica_->status().role != raft::role::leader) {
    return;
  }
  const auto map = env_->board.routes()->map;
  const auto* placed = map ? placement::find_shard(*map, 0) : nullptr;
  if (placed == nullptr) {
    return;
  }
  if (const auto to = quicker_node(*env_, *map, *placed, replica_->group(), names_, now)) {
    next_hand_over_ = now + hand_over_slow;
    if (env_->paces.may_move(now)) {
      (void)replica_->transfer(server_id_of(*to), steady_now());
    }
  }
}

void map_shard::tick() {
  if (!replica_) {
    return;
  }
  const auto now = group_keeper::clock::now();
  keeper_.watch(*replica_);
  replica_->on_time(steady_now());
  if (replica_->status().role == raft::role::leader) {
    keeper_.lead(*replica_, now);
  } else {
    keeper_.follow(now);
  }
  step_back();
  give_way(now);
  keeper_.look(*replica_, now);
  arm_tick();
}

void map_shard::retire() {
  retired_ = true;
  become_known_as("retired");
  answer_all(unavailable("the cluster map's shard has left this node", retired_retry_ms).value());
  duties_.on_role(raft::role::follower, replica_->status().term);
  replica_.reset();
  machine_.reset();
  env_->replicas.drop(0);
  env_->log.append({.shard = 0,
                    .hard = {},
                    .truncate_from = 0,
                    .entries = {},
                    .synced = [d = door_] { d->synced(shard_is_retired); },
                    .retire = true});
}

void map_shard::start_replica() {
  if (replica_) {
    return;
  }
  become_known_as("follower");
  machine_ = std::make_unique<raft::map_machine>(
      env_->db, [this](raft::map_machine::applied_change&& change) { applied(change); });
  raft::replica_options options;
  options.shard = 0;
  options.self = server_id_of(env_->board.self());
  options.election_timeout_ms = env_->config.cluster.election_timeout_ms;
  options.heartbeat_ms = std::max(1U, options.election_timeout_ms / heartbeats_per_timeout);
  options.rest_after_ms = rest_after_ms;
  options.has_room = [&paces = env_->paces] { return paces.has_room_to_follow(); };
  replica_ = std::make_unique<raft::replica>(options, env_->db, env_->log, *machine_, *door_);
  expected<void> ok;
  if (bootstrap_) {
    const raft::server only{options.self, true};
    ok = replica_->bootstrap({&only, 1});
  }
  if (ok) {
    ok = replica_->start(steady_now());
  }
  if (!ok) {
    throw std::runtime_error("shard 0: " + ok.error().message);
  }
  if (const auto map = machine_->map()) {
    duties_.on_map(map);
  }
  for (const auto& p : std::exchange(early_, {})) {
    propose(p);
  }
  keeper_.show(*replica_);
  arm_tick();
}

/// Whether any of it was written is not known.
void map_shard::answer_all(const error& why) {
  for (const auto& [tag, p] : std::exchange(proposals_, {})) {
    p->done(why);
  }
  for (const auto& p : std::exchange(early_, {})) {
    p->done(why);
  }
}

void map_shard::on_exit() {
  answer_all(unavailable("the cluster map's shard was interrupted").value());
  replica_.reset();
  duties_ = {};
}

void map_shard::arm_tick() {
  const auto now = steady_now();
  const auto next = replica_->next_time();
  const auto wait = next > now ? std::min<raft::steady_ms>(next - now, watch_every) : 1;
  delayed_send(this, std::chrono::milliseconds(wait), tick_atom::value);
}

void map_shard::send(raft::server_id to, std::string message, bool transfer) {
  if (const auto node = names_.node_of(to); !node.is_nil()) {
    env_->board.group(node, {0, server_id_of(env_->board.self()),
                             transfer ? group_message::what::transfer : group_message::what::log,
                             std::move(message)});
  }
}

void map_shard::propose(const map_proposal_ptr& p) {
  if (retired_) {
    p->done(unavailable("the cluster map's shard has left this node", retired_retry_ms).value());
    return;
  }
  if (!replica_) {
    if (early_.size() < early_max) {
      early_.push_back(p);
    } else {
      p->done(unavailable("the cluster map's shard is starting").value());
    }
    return;
  }
  const auto tag = ++tags_;
  proposals_[tag] = p;
  if (const auto ok = replica_->propose(tag, placement::encode(p->what), steady_now()); !ok) {
    proposals_.erase(tag);
    p->done(ok.error());
  }
}

void map_shard::applied(const raft::map_machine::applied_change& change) {
  if (change.map) {
    duties_.on_map(change.map);
  }
  if (const auto it = proposals_.find(change.tag); change.tag != 0 && it != proposals_.end()) {
    const auto p = it->second;
    proposals_.erase(it);
    p->done(change.failure);
  }
}

void map_shard::dropped(std::uint64_t tag) {
  if (const auto it = proposals_.find(tag); it != proposals_.end()) {
    const auto p = it->second;
    proposals_.erase(it);
    p->done(unavailable("the cluster map's shard lost its leader").value());
  }
}

}  // namespace greenroom::actors

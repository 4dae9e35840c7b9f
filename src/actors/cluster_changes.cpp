// SPDX-License-Identifier: MIT
/// What becomes of the cluster while it runs: shards move, nodes step back, leave, are replaced.

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "actors/cluster.hpp"
#include "actors/token_keys.hpp"
#include "config/live.hpp"
#include "placement/key_plan.hpp"
#include "placement/plan.hpp"
#include "store/fatal.hpp"
#include "telemetry/log.hpp"
#include "telemetry/security_log.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

constexpr auto plan_every = 1s;
constexpr auto keys_every = 5s;
constexpr unix_ms day_ms = 24LL * 3600 * 1000;
constexpr auto kept_every = 250ms;
/// Users in one word: some 50 KiB.
constexpr std::size_t used_in_a_word = 2000;
/// Three of those have not come.
constexpr auto silent_after = 800ms;
/// A node whose link was lost may be restarting; for this long it still counts as running.
constexpr auto runs_for = 15s;

}  // namespace

/// By the leader of the map: see placement/plan.hpp.
void cluster::plan_on_time(clock::time_point now) {
  if (!map_ || !leads_map() || now < next_plan_) {
    return;
  }
  next_plan_ = now + plan_every;
  const auto runs = [&](const uuid& id) {
    const auto seen = last_up_.find(id);
    return id == env_->board.self() || up_.contains(id) ||
           (seen != last_up_.end() && now - seen->second < runs_for);
  };
  auto commands = placement::plan(
      *map_,
      {.runs = runs,
       .balance = rebalancing_ || config::current(env_->config).cluster.rebalance == "auto"});
  rebalancing_ = rebalancing_ &&
                 !(commands.empty() &&
                   std::none_of(map_->shards.begin(), map_->shards.end(), placement::is_moving));
  for (auto& c : commands) {
    change_map(std::move(c));
  }
  if (now >= next_keys_) {
    next_keys_ = now + keys_every;
    look_after_keys();
  }
}

/// See placement/key_plan.hpp. More seldom than the rest: a change is in the map before the next
/// look, so that no key is added twice.
void cluster::look_after_keys() {
  const auto& auth = config::current(env_->config).auth;
  const auto now = now_ms();
  for (auto& c : placement::keys_to_retire(*map_, now, unix_ms{auth.access_token_s} * 1000)) {
    telemetry::note_security(
        {.what = "key_retired",
         .text = "key " + c.id + " is retired: it verifies tokens of bots alone now",
         .is_warning = false});
    change_map(std::move(c));
  }
  if (placement::wants_new_key(*map_, now, auth.key_rotation_days * day_ms)) {
    auto key = fresh_key();
    telemetry::note_security(
        {.what = "key_added",
         .text = "key " + key.id + " follows: auth.key_rotation_days have passed",
         .is_warning = false});
    change_map(placement::add_key{std::move(key)});
  }
}

void cluster::take_group(const placement::report_group& g) {
  if (leads_map()) {
    change_map(g);
    return;
  }
  const auto routes = env_->board.routes();
  if (!routes->shards.empty() && !routes->shards.front().leader.is_nil()) {
    peer_word w;
    w.group = g;
    links_->word(routes->shards.front().leader, w);
  }
}

void cluster::take_wish(const map_proposal_ptr& wish) {
  if (leads_map()) {
    caf::anon_send(*map_shard_, wish);
  } else {
    wish->done(unavailable("the cluster map is not led here", 100).value());
  }
}

/// The map says that this node steps back, or is none any more.
void cluster::follow_own_state() {
  const auto* own = placement::find_node(*map_, env_->board.self());
  if (own == nullptr) {
    return;
  }
  const bool drained = placement::steps_back(*map_, own->id) || !placement::is_present(own->state);
  if (drained != std::exchange(drained_, drained)) {
    telemetry::log("cluster").info(drained ? "this node is drained: it leads nothing from now on"
                                           : "this node is active again");
    env_->health.set_drained(drained);
    if (drained) {
      for (const auto& session : env_->board.sessions()) {
        caf::anon_send(session, drain_atom::value);
      }
    }
  }
  if (!placement::is_present(own->state) && !std::exchange(out_, true)) {
    const std::string why =
        own->state == placement::node_state::left
            ? "this node was decommissioned; with an empty data directory it can join as a new one"
            : "another node has taken the place of this one; with an empty data directory it can "
              "join as a new one";
    telemetry::log("cluster").warn("{}", why);
    // For whoever wants to start it again.
    std::ofstream(std::filesystem::path(env_->config.node.data_dir) / "decommissioned")
        << why << '\n';
    telemetry::log("cluster").flush();
    // As an operator would: in good order.
    ::kill(::getpid(), SIGTERM);
  }
}

/// See disk_memory.hpp and disk_paces.hpp; also the sign of life that resting groups rely on.
void cluster::tell_kept(clock::time_point now) {
  if (now < next_kept_) {
    return;
  }
  next_kept_ = now + kept_every;
  peer_word w;
  w.kept = env_->log.kept();
  const auto pace = env_->paces.look(
      env_->log.sync_median_us(), store::damage_seen(), now,
      space_of(env_->config.node.data_dir, std::uint64_t{env_->config.store.reserve_mib} << 20));
  w.sync_us = pace.sync_us;
  w.bad_disk = pace.bad;
  w.used = env_->limiter.untold(used_in_a_word);
  links_->word_to_all(w);
}

/// A link may last longer than the node at its other end is well. Who is silent is not handed
/// anything, and groups that it leads, or that are led here and have a replica there, do not rest.
void cluster::watch_peers(clock::time_point now) {
  for (const auto& [node, last] : heard_) {
    if (now - last >= silent_after && silent_.insert(node).second) {
      links_->set_silent(node, true);
    }
  }
  if (!silent_.empty()) {
    for (const auto& shard : env_->board.local_shards()) {
      caf::anon_send(shard, routes_atom::value);
    }
  }
}

}  // namespace greenroom::actors

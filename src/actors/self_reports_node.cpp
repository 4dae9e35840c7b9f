// SPDX-License-Identifier: MIT
/// What those say of themselves that a node has one of, or a few: the node, the cluster, links, the
/// gate, the canary, workers, the console.

#include <algorithm>

#include "actors/admin.hpp"
#include "actors/canary.hpp"
#include "actors/cluster.hpp"
#include "actors/gate.hpp"
#include "actors/link.hpp"
#include "actors/node.hpp"
#include "actors/worker.hpp"
#include "archive/keeper.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

std::int64_t ms_since(std::chrono::steady_clock::time_point at) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               at)
      .count();
}

}  // namespace

void node::describe(self_report& to) const {
  to.say("node", env_->config.node.name);
  to.say("id", env_->board.self().str());
  std::vector<std::string> first;
  for (const auto& [number, handle] : shards_) {
    if (first.size() < self_report::names_max) {
      first.push_back(std::to_string(number));
    }
  }
  to.say_names("shards kept here", first, shards_.size());
  to.say("epoch of the map", map_ ? json(map_->epoch) : json());
  to.say("cluster port", gate_ ? "open" : "none");
  to.say("searcher", searcher_ ? "runs" : "off");
  // Threads of their own, which are no actors.
  const auto log = env_->log.stats();
  to.say("log writer: batches, each with one sync", log.batches);
  to.say("log writer: entries", log.entries);
  to.say("log writer: bytes", log.bytes);
  to.say("log writer: longest sync (us)", log.sync_micros_max);
  to.say("log writer: median of a sync of late (us)", env_->log.sync_median_us());
  if (env_->backups) {
    const auto b = env_->backups->look();
    to.say("backups: one is being made", b.is_busy);
    to.say("backups: newest", b.newest == 0 ? json() : json(format_time(b.newest)));
    to.say("backups: every (s)", b.every_s == 0 ? json() : json(b.every_s));
    to.say("backups: last failure", b.last_failure);
  }
}

void cluster::describe(self_report& to) const {
  to.say("cluster", map_ ? json(map_->cluster_id.str()) : json());
  to.say("epoch of the map", map_ ? json(map_->epoch) : json());
  to.say("keeps the map", map_shard_.has_value());
  to.say("leads the map", map_leader_);
  std::vector<std::string> names;
  for (const auto& [id, peer] : up_) {
    names.push_back(peer.name);
  }
  to.say_names("nodes with a link", names, names.size());
  names.clear();
  for (const auto& id : silent_) {
    const auto peer = up_.find(id);
    names.push_back(peer == up_.end() ? id.str() : peer->second.name);
  }
  to.say_names("… that have been silent too long", names, names.size());
  names.clear();
  for (const auto& [address, handle] : dialed_) {
    names.push_back(address);
  }
  to.say_names("addresses that this node dials", names, names.size());
  to.say("shards led here", led_here_.size());
  to.say("rebalancing", rebalancing_);
}

void link::describe(self_report& to) const {
  const auto about = facts_->about();
  to.say("peer", peer_.name.empty() ? json() : json(peer_.name));
  to.say("address", address_);
  to.say("side", dialer_ ? "accepted" : "dialled");
  to.say("TLS", about.tls.empty() ? json() : json(about.tls));
  to.say("last failure", about.failure);
  to.say("frames that wait", waiting_.size());
  to.say("… held back by a rehearsed delay", held_.size());
  to.say("bytes that wait", waiting_bytes_);
  to.say("batches not acknowledged", unacked_.size());
  to.say("bytes not acknowledged", unacked_bytes_);
  to.say("oldest batch not acknowledged (ms)",
         unacked_.empty() ? json() : json(ms_since(unacked_.begin()->second.at)));
  const auto rtt = facts_->rtt_us();
  to.say("round trip (ms)", rtt < 0 ? json() : json(static_cast<double>(rtt) / 1000.0));
  to.say("frames in", facts_->frames_in.load());
  to.say("frames out", facts_->frames_out.load());
  to.say("next attempt at the latest after (ms)",
         up_ || dialer_ ? json() : json(back_off_.count()));
}

void gate::describe(self_report& to) const {
  std::vector<std::string> linked;
  std::size_t strangers = 0;
  for (const auto& [address, c] : callers_) {
    if (c.epoch != 0) {
      linked.push_back(c.hello.who.name);
    } else {
      ++strangers;
    }
  }
  to.say_names("nodes that have proved who they are", linked, linked.size());
  to.say("callers that have not yet", strangers);
}

void canary::describe(self_report& to) const {
  to.say("round", round_);
  to.say("under way", watch_.under_way());
  to.say("begun before (ms)", round_ == 0 ? json() : json(ms_since(began_)));
  const auto through = names_of(watch_.through());
  to.say_names("nodes heard of in it", through, through.size());
  to.say_names("not through in the last bad round", watch_.missing(), watch_.missing().size());
}

void worker::describe(self_report& to) const {
  const auto all = slots_->look();
  to.say("worker", index_);
  to.say("cost of a password (MiB)", cost_.memory_mib);
  to.say("workers that are busy", all.busy);
  to.say("log-ins that wait for one", all.log_ins);
  to.say("other passwords that wait for one", all.others);
}

void admin::describe(self_report& to) const {
  to.say("lists being gathered from nodes", gatherings_.size());
  to.say("calls to leaders under way", asked_.size() + users_.size() + passed_on_.size());
  to.say("looks at sockets under way", looking_at_sockets_.size());
  to.say("examinations under way (doctor)", examinations_.size());
  to.say("tokens being issued", issuings_.size());
  to.say("backups waited for", backing_up_.size());
  std::vector<std::string> clocks;
  for (const auto& [name, guess] : clocks_) {
    clocks.push_back(name + " " + std::to_string(guess.offset_us) + " us");
  }
  to.say_names("clocks of nodes, as traces have found them", clocks, clocks.size());
}

}  // namespace greenroom::actors

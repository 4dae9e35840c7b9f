// SPDX-License-Identifier: MIT
#include "actors/group_keeper.hpp"

#include <algorithm>
#include <charconv>

#include "actors/map_shard.hpp"
#include "raft/regroup.hpp"
#include "raft/rest.hpp"
#include "telemetry/log.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

constexpr auto look_every = 1s;
constexpr auto step_every = 100ms;
constexpr auto report_again = 1s;
constexpr auto ask_again = 1s;
constexpr auto hand_over_again = 2s;
/// Much longer than a map is on its way to a node that is well.
constexpr auto map_patience = 10s;

// "?7": do I belong, asked for the 7th time. "-7": not any more.
constexpr char asks_whether = '?';
constexpr char not_any_more = '-';

const char* name_of(raft::group_step::what kind) {
  switch (kind) {
    case raft::group_step::what::add:
      return "adds";
    case raft::group_step::what::promote:
      return "gives the vote to";
    case raft::group_step::what::remove:
      return "takes out";
    case raft::group_step::what::hand_over:
      break;
  }
  return "hands over to";
}

}  // namespace

group_keeper::group_keeper(environment& env, std::uint16_t shard, server_names& names,
                           reporter report)
    : env_(env), shard_(shard), names_(names), report_(std::move(report)) {}

map_ptr group_keeper::map() const {
  return env_.board.routes()->map;
}

bool group_keeper::is_wanted(const node_id& node) const {
  const auto known = map();
  const auto* placed = known ? placement::find_shard(*known, shard_) : nullptr;
  return placed == nullptr || std::find(placed->replicas.begin(), placed->replicas.end(), node) !=
                                  placed->replicas.end();
}

void group_keeper::look(raft::replica& r, clock::time_point now) {
  if (now < next_look_) {
    return;
  }
  next_look_ = now + look_every;
  show(r);
}

void group_keeper::show(raft::replica& r) const {
  env_.replicas.put(shard_, {r.status(), r.group(), steady_now(), leads_since_});
}

void group_keeper::watch(raft::replica& r) const {
  if (!r.resting()) {
    return;
  }
  const auto leader = r.status().leader;
  const auto self = server_id_of(env_.board.self());
  for (const auto& s : r.group().servers) {
    const auto node = names_.node_of(s.id);
    if (s.id == self || (!node.is_nil() && env_.board.up_since(node))) {
      continue;
    }
    if (const auto missed =
            raft::missed_by(self, leader, s.id, env_.config.cluster.election_timeout_ms)) {
      r.wake(steady_now(), *missed);
    }
  }
}

// -- the leader
// ----------------------------------------------------------------------------------------

void group_keeper::lead(raft::replica& r, clock::time_point now) {
  question_ = 0;
  if (leads_since_ == 0) {
    leads_since_ = steady_now();
    next_look_ = now;
  }
  if (now < next_step_) {
    return;
  }
  const auto known = map();
  const auto* placed = known ? placement::find_shard(*known, shard_) : nullptr;
  if (placed == nullptr || placed->replicas.empty()) {
    return;
  }
  const auto group = r.group();
  report(group, *placed, now);
  if (!has_to_wait_for_the_map(group)) {
    step(r, group, *placed);
  }
  const bool settled = group.committed && !placement::is_moving(*placed) &&
                       std::all_of(group.servers.begin(), group.servers.end(),
                                   [](const auto& s) { return s.voter; });
  next_step_ = now + (settled ? clock::duration(look_every) : clock::duration(step_every));
}

/// A server of the group that the map does not know was as a rule added by a leader with a newer
/// map, which is on its way here: what this one wants is over. The exception is a node that the map
/// has forgotten, so this does not go on for ever.
bool group_keeper::has_to_wait_for_the_map(const raft::group_status& group) {
  const bool knows_all = std::all_of(group.servers.begin(), group.servers.end(),
                                     [&](const auto& s) { return !names_.node_of(s.id).is_nil(); });
  if (knows_all) {
    map_awaited_since_ = {};
    return false;
  }
  const auto now = clock::now();
  if (map_awaited_since_ == clock::time_point{}) {
    map_awaited_since_ = now;
  }
  return now < map_awaited_since_ + map_patience;
}

void group_keeper::step(raft::replica& r, const raft::group_status& group,
                        const placement::shard_placement& placed) {
  std::vector<raft::server_id> wanted;
  for (const auto& node : placed.replicas) {
    wanted.push_back(server_id_of(node));
  }
  const auto known = map();
  std::vector<raft::server_id> gone;
  const auto note_if_gone = [&](raft::server_id id, const node_id& node) {
    if (placement::is_gone(*known, node)) {
      gone.push_back(id);
    }
  };
  for (const auto& s : group.servers) {
    note_if_gone(s.id, names_.node_of(s.id));
  }
  // The map may want one that was replaced for a while, until its place is given to another;
  // whoever was taken out must not be added again meanwhile.
  for (const auto& node : placed.replicas) {
    note_if_gone(server_id_of(node), node);
  }
  const auto time = steady_now();
  const auto next =
      raft::next_step(group, {.wanted = wanted,
                              .gone = gone,
                              .self = server_id_of(env_.board.self()),
                              .now = time,
                              .election_timeout_ms = env_.config.cluster.election_timeout_ms});
  if (!next) {
    return;
  }
  expected<void> done;
  switch (next->kind) {
    case raft::group_step::what::add:
      done = r.add(next->id, time);
      break;
    case raft::group_step::what::promote:
      done = r.promote(next->id, time);
      break;
    case raft::group_step::what::remove:
      done = r.remove(next->id, time);
      break;
    case raft::group_step::what::hand_over:
      if (clock::now() < next_hand_over_) {
        return;
      }
      next_hand_over_ = clock::now() + hand_over_again;
      done = r.transfer(next->id, time);
      break;
  }
  if (done) {
    const auto* member = placement::find_node(*known, names_.node_of(next->id));
    telemetry::log("shard").info("shard {}: {} {}", shard_, name_of(next->kind),
                                 member != nullptr ? member->name : "an unknown node");
  }
}

void group_keeper::report(const raft::group_status& group, const placement::shard_placement& placed,
                          clock::time_point now) {
  if (!group.committed || now < next_report_) {
    return;
  }
  placement::report_group found{shard_, group.configuration_index, {}};
  for (const auto& s : group.servers) {
    if (const auto node = names_.node_of(s.id); s.voter && !node.is_nil()) {
      found.nodes.push_back(node);
    }
  }
  if (std::is_permutation(found.nodes.begin(), found.nodes.end(), placed.group.begin(),
                          placed.group.end())) {
    return;
  }
  next_report_ = now + report_again;
  report_(std::move(found));
}

// -- whoever is not wanted
// -----------------------------------------------------------------------------

void group_keeper::follow(clock::time_point now) {
  leads_since_ = 0;
  map_awaited_since_ = {};
  if (now < next_question_) {
    return;
  }
  next_question_ = now + ask_again;
  question_ = 0;
  if (is_wanted(env_.board.self())) {
    return;
  }
  const auto routes = env_.board.routes();
  const auto& leader = routes->shards.at(shard_).leader;
  if (leader.is_nil() || leader == env_.board.self()) {
    return;
  }
  question_ = ++questions_;
  send(leader, asks_whether + std::to_string(question_));
}

bool group_keeper::take(raft::server_id from, std::string_view message,
                        const raft::replica* leads) {
  if (message.size() < 2) {
    return false;
  }
  std::uint64_t number = 0;
  std::from_chars(message.data() + 1, message.data() + message.size(), number);
  if (message.front() == not_any_more) {
    return number != 0 && number == question_ && !is_wanted(env_.board.self());
  }
  const auto asker = names_.node_of(from);
  if (message.front() != asks_whether || leads == nullptr || asker.is_nil() || is_wanted(asker)) {
    return false;
  }
  const auto group = leads->group();
  if (group.committed && group.find(from) == nullptr) {
    send(asker, not_any_more + std::to_string(number));
  }
  return false;
}

void group_keeper::send(const node_id& to, std::string message) const {
  env_.board.group(to, {shard_, server_id_of(env_.board.self()), group_message::what::membership,
                        std::move(message)});
}

}  // namespace greenroom::actors

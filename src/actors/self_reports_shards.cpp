// SPDX-License-Identifier: MIT
/// What replicas say of themselves: those of rooms and users, and that of the cluster map.

#include "actors/map_shard.hpp"
#include "actors/shard.hpp"

namespace greenroom::actors {

namespace {

std::string server_name(const environment& env, raft::server_id id) {
  if (const auto map = env.board.routes()->map) {
    for (const auto& member : map->members) {
      if (server_id_of(member.id) == id) {
        return member.name;
      }
    }
  }
  return "a node that the map does not know";
}

void describe_replica(self_report& to, const raft::replica* replica, const environment& env) {
  if (replica == nullptr) {
    to.say("replica", "has not begun, or is gone");
    return;
  }
  const auto s = replica->status();
  to.say("raft role", s.role == raft::role::leader      ? "leader"
                      : s.role == raft::role::candidate ? "candidate"
                                                        : "follower");
  to.say("term", s.term);
  to.say("leader", s.leader == 0 ? nlohmann::json() : nlohmann::json(server_name(env, s.leader)));
  to.say("first index of the log", s.first_index);
  to.say("last index", s.last_index);
  to.say("synced up to", s.synced_index);
  to.say("committed up to", s.commit_index);
  to.say("applied up to", s.applied_index);
  to.say("proposals in flight", s.inflight);
  to.say("rests", s.resting);
  if (s.fetching_from != 0) {
    to.say("fetches the state from", server_name(env, s.fetching_from));
    to.say("… bytes so far", s.fetched_bytes);
  }
  const auto group = replica->group();
  std::vector<std::string> voters;
  std::vector<std::string> others;
  for (const auto& server : group.servers) {
    auto name = server_name(env, server.id);
    if (s.role == raft::role::leader && server.match_index > 0) {
      name += " (has " + std::to_string(server.match_index) + ")";
    }
    (server.voter ? voters : others).push_back(std::move(name));
  }
  to.say_names("voters", voters, voters.size());
  to.say_names("replicas without a vote", others, others.size());
  to.say("a change of the group is under way", !group.committed);
}

}  // namespace

void shard::describe(self_report& to) const {
  to.say("shard", number_);
  describe_replica(to, replica_.get(), *env_);
  to.say("takes calls", open_);
  to.say("rooms that are awake", rooms_.size());
  to.say("users that are awake", users_.size());
  to.say("people online", online_ ? nlohmann::json(online_->size()) : nlohmann::json());
  to.say("proposals of rooms and users under way", proposed_.size());
  to.say("reads that wait for a confirmation", reads_.size() + confirming_.size());
  to.say("waits for all replicas", waits_.size());
  to.say("who is connected is known", settled_);
  to.say("node is draining", draining_);
}

void map_shard::describe(self_report& to) const {
  to.say("shard", 0);
  describe_replica(to, replica_.get(), *env_);
  if (const auto map = machine_ ? machine_->map() : nullptr) {
    to.say("epoch of the map", map->epoch);
    to.say("members", map->members.size());
    to.say("shards", map->shard_count);
  }
  to.say("changes under way", proposals_.size());
  to.say("changes that wait for the replica", early_.size());
  to.say("node is draining", draining_);
}

}  // namespace greenroom::actors

// SPDX-License-Identifier: MIT
/// What those who serve rooms say of themselves: rooms, relays, the searcher, the sender of
/// webhooks. Nothing of what is said in them.

#include <algorithm>

#include "actors/relay.hpp"
#include "actors/room.hpp"
#include "actors/searcher.hpp"
#include "actors/webhook_sender.hpp"
#include "protocol/time.hpp"

namespace greenroom::actors {

namespace {

std::string node_name(const switchboard& board, const node_id& id) {
  const auto routes = board.routes();
  const auto* known = routes->map ? placement::find_node(*routes->map, id) : nullptr;
  return known != nullptr ? known->name : id.str();
}

}  // namespace

void entity::describe(self_report& to) const {
  const auto now = clock::now();
  const auto ms = [](clock::duration d) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
  };
  to.say("shard", place_.number);
  to.say("led by", node_name(board(), board().self()));
  to.say("term", place_.term);
  to.say("calls that wait for an answer", place_.calls->size());
  to.say("proposals under way", proposals_.size());
  to.say("calls to other shards under way", asks_.size());
  to.say("passwords at the workers", hashes_.size());
  to.say("waits for all replicas", waits_.size());
  to.say("last used before (ms)", ms(now - last_used_));
  to.say("parked after (ms)", is_needed() ? nlohmann::json() : nlohmann::json(ms(idle_limit())));
}

void room::describe(self_report& to) const {
  entity::describe(to);
  to.say("looked up", loaded_);
  to.say("last seq", last_seq_);
  if (room_) {
    to.say("alias", room_->alias);
    to.say("type", protocol::to_string(room_->type));
    to.say("members", room_->member_count);
    to.say("retention has taken up to", room_->purged_seq);
  }
  to.say("entries in the last minute", facts_->entries.per_minute(now_ms()));
  to.say("members in memory", members_.size());
  to.say("messages in memory", recent_.size());
  to.say("marks that wait to be written", marks_.size());
  to.say("answers that wait for lists of rooms", lines_.size());
  to.say("reads that wait for a seq", pages_.size());
  to.say("pages of history that wait for their turn", reads_.size());
  to.say("people who are typing", typists_.size());
  std::vector<std::string> nodes;
  for (const auto& l : nodes_) {
    nodes.push_back(node_name(board(), l.node));
  }
  to.say_names("nodes that listen", nodes, nodes.size());
  to.say("is being erased", sweeper_.has_value());
}

void relay::describe(self_report& to) const {
  const auto routes = env_->board.routes();
  const auto shard = env_->board.shard_of(room_);
  const bool known = shard < routes->shards.size() && !routes->shards[shard].leader.is_nil();
  to.say("shard", shard);
  to.say("leader", known ? nlohmann::json(node_name(env_->board, routes->shards[shard].leader))
                         : nlohmann::json());
  to.say("attached to the room", attached_);
  to.say("last seq delivered", last_seq_);
  to.say("last seq of the room as heard", leader_seq_);
  to.say("a gap is being fetched", gap_call_ != 0);
  to.say("events that came too early", early_.size());
  std::vector<std::string> first;
  std::size_t asking = 0;
  std::size_t replaying = 0;
  for (const auto& [id, l] : listeners_) {
    asking += l.at == stage::asking ? 1 : 0;
    replaying += l.at == stage::held || l.at == stage::replaying ? 1 : 0;
    if (first.size() < self_report::names_max) {
      first.push_back(std::to_string(id));
    }
  }
  to.say_names("connections that listen", first, listeners_.size());
  to.say("… that wait to be admitted", asking);
  to.say("… that are given what they missed", replaying);
  to.say("members known", std::count_if(people_.begin(), people_.end(), [](const auto& p) {
           return p.second.joined_seq.has_value();
         }));
  to.say("people who are typing", typists_.size());
  to.say("clients were told that it is stale", told_stale_);
  to.say("the room was deleted", end_.has_value());
}

void searcher::describe(self_report& to) const {
  to.say("index",
         index_.why_not().empty() ? std::string("usable") : "not usable: " + index_.why_not());
  to.say("rooms and shards to take in", tasks_.size());
  if (!tasks_.empty()) {
    const auto& next = tasks_.front();
    to.say("the next of them",
           next.room ? "room " + next.room->str() : "shard " + std::to_string(next.shard));
  }
}

void webhook_sender::describe(self_report& to) const {
  std::size_t retrying = 0;
  std::size_t paused = 0;
  std::size_t replays = 0;
  std::size_t given_up = 0;
  std::vector<std::string> failing;
  for (const auto& [id, l] : lanes_) {
    paused += l.paused ? 1 : 0;
    replays += l.replays.size();
    given_up += l.dead.size();
    if (l.failures > 0) {
      ++retrying;
      if (failing.size() < self_report::names_max) {
        failing.push_back(id.str() + " (" + std::to_string(l.failures) + ")");
      }
    }
  }
  to.say("webhooks with something to send", lanes_.size());
  to.say("attempts under way", places_.taken());
  to.say_names("webhooks whose last attempts have failed", failing, retrying);
  to.say("webhooks that are paused", paused);
  to.say("deliveries that are to be repeated", replays);
  to.say("deliveries given up that a leader has yet to be told", given_up);
  to.say("calls to leaders under way", telling_.size());
  to.say("shards that should be led here soon", waiting_.size());
}

}  // namespace greenroom::actors

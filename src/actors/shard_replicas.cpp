// SPDX-License-Identifier: MIT
/// Waiting until every replica has something, for senders who ask for more than a majority.

#include <algorithm>

#include "actors/map_shard.hpp"
#include "actors/shard.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

/// Less than the asker's patience, which has begun before.
constexpr auto wait_within = 3s;
constexpr std::size_t waits_max = 4096;

}  // namespace

void shard::await_replicas(const replicas_wait_ptr& w) {
  const auto sender = current_sender();
  if (!sender || !names_.contains(sender->id())) {
    return;  // of an earlier term: it has been told to end
  }
  const auto patience = waits_.size() < waits_max ? clock::duration(wait_within) : 0s;
  waits_.push_back({w, caf::actor_cast<entity_actor>(sender), clock::now() + patience});
  look_at_replicas();
  arm();
}

void shard::look_at_replicas() {
  if (waits_.empty() || !replica_) {
    return;
  }
  const auto now = clock::now();
  const auto group = replica_->group();
  std::erase_if(waits_, [&](const waiting_child& w) {
    // The own log has it: it was applied.
    const auto have = std::count_if(group.servers.begin(), group.servers.end(), [&](const auto& s) {
      return s.id == server_id_of(env_->board.self()) || s.match_index >= w.what->index;
    });
    const bool all = static_cast<std::size_t>(have) == group.servers.size();
    if (!all && now < w.until) {
      return false;
    }
    auto r = std::make_shared<replicas_reached>();
    r->id = w.what->id;
    r->replicas = static_cast<std::uint32_t>(have);
    r->all = all;
    caf::anon_send(w.who, replicas_reached_ptr(std::move(r)));
    return true;
  });
}

}  // namespace greenroom::actors
